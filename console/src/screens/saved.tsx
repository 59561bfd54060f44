// The saved strategies: run again, over another span or one side only; deleted.
import { useEffect, useState } from "preact/hooks";
import type { DirectionMode, SavedRunInput, StrategiesQuery } from "../../generated/face";
import { asFaceError, ask } from "../face/ask";
import { DELETE, STRATEGIES } from "../face/documents";
import { toMoment } from "../form/request";
import { spanOf } from "../state/draft";
import { catalog, instruments, type Loaded } from "../state/loaded";
import { go, href } from "../state/route";
import { start } from "../state/run";
import { moment } from "../view/format";
import { Empty, Loading, Trouble } from "../view/states";
import { instrumentTitle } from "./instrumentTitle";

type Line = StrategiesQuery["strategies"][number];

export function Saved() {
  const [lines, setLines] = useState<Loaded<Line[]>>({ state: "loading" });
  const read = async () => {
    try {
      setLines({ state: "ready", value: (await ask(STRATEGIES, {})).strategies });
    } catch (error) {
      setLines({ state: "failed", error: asFaceError(error) });
    }
  };
  useEffect(() => void read(), []);
  if (lines.state === "loading") return <Loading what="Reading your strategies …" />;
  if (lines.state === "failed") return <Trouble error={lines.error} retry={() => void read()} />;
  if (lines.value.length === 0) {
    return (
      <Empty title="No saved strategies">
        <p>
          Open a variant of a run and save it; it is kept with every value that it was run with.
        </p>
        <a class="button main" href={href("results")}>
          To the results
        </a>
      </Empty>
    );
  }
  return (
    <ul class="saved">
      {lines.value.map((line) => (
        <li key={line.strategyId}>
          <SavedLine line={line} onGone={() => void read()} />
        </li>
      ))}
    </ul>
  );
}

function SavedLine({ line, onGone }: { line: Line; onGone: () => void }) {
  const [isOpen, open] = useState(false);
  return (
    <article class="card">
      <header class="title">
        <div>
          <h2>{line.name}</h2>
          <p class="hint">
            {instrumentTitle(line.instrumentId)}, {line.timeframe} bars · {line.signalTemplate} ·
            saved {moment(line.createdTs)} UTC
          </p>
        </div>
        <div class="buttons">
          <button type="button" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
            Run again
          </button>
          <Delete line={line} onGone={onGone} />
        </div>
      </header>
      {isOpen && <RunAgain line={line} />}
    </article>
  );
}

const DIRECTIONS: readonly (readonly [DirectionMode | "", string])[] = [
  ["", "As saved"],
  ["LONG_SHORT", "Long and short"],
  ["LONG_ONLY", "Long only"],
  ["SHORT_ONLY", "Short only"],
];

function RunAgain({ line }: { line: Line }) {
  const stored = instruments.value.state === "ready" ? instruments.value.value : [];
  const found = stored.find(
    (item) =>
      item.instrumentId.symbol === line.instrumentId.symbol &&
      item.instrumentId.marketId === line.instrumentId.marketId,
  );
  const [first, last] = found ? spanOf(found) : ["", ""];
  const [from, setFrom] = useState(first);
  const [to, setTo] = useState(last);
  const [direction, setDirection] = useState<DirectionMode | "">("");
  const run = () => {
    const range = { start: toMoment(from), end: toMoment(to) };
    const saved: SavedRunInput = {
      strategyId: line.strategyId,
      timeRange: range,
      ...(direction && { overrides: { directionMode: direction } }),
    };
    void start({
      input: { saved },
      range,
      title: line.name,
      link: "",
      expectedSeconds: null,
      withEvidence: true,
    });
    go("results");
  };
  return (
    <form
      class="row again"
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      <label class="field">
        <span>
          From <span class="unit">UTC</span>
        </span>
        <input type="text" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>
          To, not included <span class="unit">UTC</span>
        </span>
        <input type="text" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>Direction</span>
        <select
          value={direction}
          onChange={(event) => setDirection(event.currentTarget.value as DirectionMode | "")}
        >
          {DIRECTIONS.map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="main">
        Run
      </button>
    </form>
  );
}

function Delete({ line, onGone }: { line: Line; onGone: () => void }) {
  const [isAsked, setAsked] = useState(false);
  const [told, tell] = useState("");
  const loaded = catalog.value;
  if (loaded.state !== "ready" || !loaded.value.runtimeDefaults.canSaveStrategies) return null;
  const remove = async () => {
    try {
      await ask(DELETE, { strategyId: line.strategyId });
      onGone();
    } catch (error) {
      tell(asFaceError(error).message);
    }
  };
  if (!isAsked) {
    return (
      <button type="button" aria-label={`Delete ${line.name}`} onClick={() => setAsked(true)}>
        Delete
      </button>
    );
  }
  return (
    <>
      <button type="button" class="danger" onClick={() => void remove()}>
        Really delete
      </button>
      <button type="button" onClick={() => setAsked(false)}>
        Keep
      </button>
      <span role="status" class="mistake">
        {told}
      </span>
    </>
  );
}
