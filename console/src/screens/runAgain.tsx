// A saved strategy run again: over another span, and with what is changed about it.
import { useState } from "preact/hooks";
import type { RunBacktestInput, SavedRunInput, Timeframe } from "../../generated/face";
import { asFaceError, ask, type FaceError } from "../face/ask";
import { ESTIMATE } from "../face/documents";
import { costOf } from "../form/cost";
import type { RiskForm } from "../form/form";
import { DIRECTIONS, EXECUTION_LABELS, SIZINGS } from "../form/labels";
import {
  type Changes,
  changesTold,
  NO_CHANGES,
  shownExecution,
  toOverrides,
} from "../form/overrides";
import { byField, elsewhere } from "../form/problems";
import { TIMEFRAMES, toMoment } from "../form/request";
import { spanOf } from "../state/draft";
import { instruments } from "../state/loaded";
import { go } from "../state/route";
import { start } from "../state/run";
import { seriesFor } from "../state/series";
import { Mistakes, SelectField, TextField } from "../view/field";
import { BAR_MINUTES } from "../view/folds";
import { Trouble } from "../view/states";
import { AxisEditor } from "./axis";
import type { Line } from "./saved";

const AT = "saved.overrides";
const FIELDS = ["saved.time_range.start", "saved.time_range.end"];
const KINDS = [
  ["stopLoss", "Stop-loss", "sl"],
  ["takeProfit", "Take-profit", "tp"],
] as const;

type Asking =
  | { state: "idle" }
  | { state: "asking" }
  | { state: "refused"; error: FaceError; input: RunBacktestInput };

export function RunAgain({ line }: { line: Line }) {
  const [[from, to], setSpan] = useState(spanOfLine(line));
  const [changes, setChanges] = useState(NO_CHANGES);
  const [asking, setAsking] = useState<Asking>({ state: "idle" });
  const change = (changed: Partial<Changes>) => setChanges({ ...changes, ...changed });
  const run = async () => {
    const timeRange = { start: toMoment(from), end: toMoment(to) };
    const overrides = toOverrides(changes);
    const saved: SavedRunInput = {
      strategyId: line.strategyId,
      timeRange,
      ...(overrides && { overrides }),
    };
    const input = { saved };
    setAsking({ state: "asking" });
    try {
      // a mistake is told at its field before anything runs
      const { estimateBacktest } = await ask(ESTIMATE, { input });
      void start({
        input,
        range: timeRange,
        title: line.name + changesTold(overrides),
        link: "",
        expectedSeconds: costOf(estimateBacktest, true).seconds,
        withEvidence: true,
      });
      go("results");
    } catch (error) {
      setAsking({ state: "refused", error: asFaceError(error), input });
    }
  };
  const refused = asking.state === "refused" ? asking : null;
  const mistakes = refused ? byField(refused.error.problems, refused.input) : new Map();
  const shown = [
    ...FIELDS,
    ...["direction_mode", "sizing_mode"].map((name) => `${AT}.${name}`),
    ...shownExecution(changes).map((name) => `${AT}.execution.${name}`),
    ...(changes.stops === "these"
      ? KINDS.filter(([name]) => changes[name].isOn).map(([, , kind]) => `${AT}.risk_grid.${kind}`)
      : []),
  ];
  const others = elsewhere(mistakes, shown);
  return (
    <Mistakes.Provider value={mistakes}>
      <form
        class="again"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <div class="row">
          <TextField
            label="From"
            unit="UTC"
            field="saved.time_range.start"
            value={from}
            onChange={(text) => setSpan([text, to])}
          />
          <TextField
            label="To (exclusive)"
            unit="UTC"
            field="saved.time_range.end"
            value={to}
            onChange={(text) => setSpan([from, text])}
          />
        </div>
        <Overrides changes={changes} onChange={change} />
        {refused && (refused.error.problems.length === 0 || others.length > 0) && (
          <Trouble error={refused.error} />
        )}
        <div class="buttons">
          <button type="submit" class="main" disabled={asking.state === "asking"}>
            Run
          </button>
        </div>
      </form>
    </Mistakes.Provider>
  );
}

function spanOfLine(line: Line): [from: string, to: string] {
  const stored = instruments.value.state === "ready" ? instruments.value.value : [];
  const names = Object.keys(TIMEFRAMES) as Timeframe[];
  const timeframe = names.find((name) => TIMEFRAMES[name] === line.timeframe);
  const barMinutes = timeframe && BAR_MINUTES[timeframe];
  const found = seriesFor(stored, { instrumentId: line.instrumentId, barMinutes });
  return found ? spanOf(found) : ["", ""];
}

interface OverridesProps {
  changes: Changes;
  onChange: (changed: Partial<Changes>) => void;
}

function Overrides({ changes, onChange }: OverridesProps) {
  return (
    <>
      <div class="row">
        <SelectField
          label="Direction"
          field={`${AT}.direction_mode`}
          value={changes.direction}
          options={[["", "As saved"], ...DIRECTIONS]}
          onChange={(direction) => onChange({ direction })}
        />
        <SelectField
          label="Position size"
          field={`${AT}.sizing_mode`}
          value={changes.sizing}
          options={[["", "As saved"], ...SIZINGS]}
          onChange={(sizing) => onChange({ sizing })}
        />
        <SelectField
          label="Stop-loss and take-profit"
          field="stops"
          value={changes.stops}
          options={[
            ["saved", "As saved"],
            ["none", "Neither"],
            ["these", "These instead"],
          ]}
          onChange={(stops) => onChange({ stops })}
        />
      </div>
      {changes.stops === "these" && <Stops changes={changes} onChange={onChange} />}
      <div class="row small">
        {shownExecution(changes).map((name) => (
          <TextField
            key={name}
            label={EXECUTION_LABELS[name][0]}
            unit={EXECUTION_LABELS[name][1]}
            field={`${AT}.execution.${name}`}
            isNumber
            value={changes.execution[name]}
            placeholder="as saved"
            onChange={(text) => onChange({ execution: { ...changes.execution, [name]: text } })}
          />
        ))}
      </div>
    </>
  );
}

function Stops({ changes, onChange }: OverridesProps) {
  return (
    <>
      <p class="hint">
        They replace both that were saved. Each level is tried, and the list shows the best.
      </p>
      <div class="row">
        {KINDS.map(([name, title, kind]) => {
          const risk: RiskForm = changes[name];
          return (
            <div key={name} class="stops">
              <label class="switch">
                <input
                  type="checkbox"
                  checked={risk.isOn}
                  onChange={(event) =>
                    onChange({ [name]: { ...risk, isOn: event.currentTarget.checked } })
                  }
                />
                <span>{title}</span>
              </label>
              {risk.isOn && (
                <AxisEditor
                  title={`${title} levels`}
                  unit="% of the entry price"
                  field={`${AT}.risk_grid.${kind}`}
                  axis={risk.axis}
                  onChange={(axis) => onChange({ [name]: { ...risk, axis } })}
                />
              )}
            </div>
          );
        })}
      </div>
    </>
  );
}
