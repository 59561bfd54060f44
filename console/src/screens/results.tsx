// The answer of a run: what was tried, how returns are spread, and the list of the best.
import { useEffect, useState } from "preact/hooks";
import { packed } from "../form/link";
import { readLink } from "../state/draft";
import { catalog } from "../state/loaded";
import { go, href } from "../state/route";
import { type Asked, type Run, run, start } from "../state/run";
import { Histogram } from "../view/bars";
import { brief, count, day, seconds } from "../view/format";
import { Empty, Trouble } from "../view/states";
import { described, metric, printed, reportInput } from "../view/variants";
import { instrumentTitle } from "./instrument";
import { VariantList } from "./list";
import { Rests } from "./rests";

type Done = Extract<Run, { state: "done" }>;

export function Results() {
  const now = run.value;
  switch (now.state) {
    case "none":
      return (
        <Empty title="Nothing has been run yet">
          <p>Fill in what to try and press Run; the best variants are shown here.</p>
          <a class="button main" href={href("ask")}>
            To the form
          </a>
        </Empty>
      );
    case "running":
      return <Running asked={now.asked} startedAt={now.startedAt} cancel={now.cancel} />;
    case "cancelled":
      return (
        <Empty title="Cancelled">
          <p>The run was cancelled; the service computes it no longer.</p>
          <Again asked={now.asked} />
        </Empty>
      );
    case "failed":
      return (
        <>
          <Trouble error={now.error} retry={() => void start(now.asked)} />
          <Back asked={now.asked} />
        </>
      );
    case "done":
      return <Answer done={now} />;
  }
}

function Running({
  asked,
  startedAt,
  cancel,
}: {
  asked: Asked;
  startedAt: number;
  cancel: () => void;
}) {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setElapsed((performance.now() - startedAt) / 1000), 100);
    return () => clearInterval(timer);
  }, [startedAt]);
  const threads = catalog.value.state === "ready" ? catalog.value.value.runtimeDefaults.threads : 1;
  const expected = asked.expectedSeconds === null ? null : asked.expectedSeconds / threads;
  return (
    <section class="state">
      <h2>{asked.title}</h2>
      <p role="status" class="loading">
        <span class="spinner" aria-hidden="true" /> Running
      </p>
      <p class="numbers">
        {seconds(elapsed)}
        {expected !== null && <span class="hint"> of about {seconds(expected)}</span>}
      </p>
      {expected !== null && (
        <progress
          max={1}
          value={Math.min(0.98, elapsed / Math.max(expected, 0.1))}
          aria-label="Time, of what is expected"
        />
      )}
      <p>
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      </p>
    </section>
  );
}

function Back({ asked }: { asked: Asked }) {
  if (asked.link === "") return <a href={href("saved")}>Back to the saved strategies</a>;
  return <a href={href("ask", asked.link)}>Back to the form</a>;
}

function Again({ asked }: { asked: Asked }) {
  return (
    <div class="buttons">
      <button type="button" class="main" onClick={() => void start(asked)}>
        Run again
      </button>
      <Back asked={asked} />
    </div>
  );
}

function Answer({ done }: { done: Done }) {
  const { asked, result } = done;
  const [best] = result.variants;
  return (
    <>
      <header class="title">
        <div>
          <h2>{instrumentTitle(result.instrumentId)}</h2>
          <p class="hint">
            {asked.title} · {day(asked.range.start)} to {day(asked.range.end)} UTC
          </p>
        </div>
        <button
          type="button"
          onClick={() => {
            if (asked.link === "") return go("saved");
            readLink(asked.link);
            go("ask");
          }}
        >
          Change
        </button>
      </header>
      <Tiles done={done} />
      <Rests result={result} />
      {best === undefined ? (
        <Empty title="No variant came back">
          <p>Nothing in the grid could be ranked. Widen the axes or the range.</p>
        </Empty>
      ) : (
        <>
          <Spread done={done} />
          <VariantList result={result} range={asked.range} />
        </>
      )}
      <Hashes done={done} />
    </>
  );
}

function Tiles({ done: { result, seconds: took } }: { done: Done }) {
  const [best] = result.variants;
  const tiles: (readonly [string, string, string?])[] = [
    ["tried", brief(Math.max(result.stageAVariants, result.stageBVariants)), "variants"],
    ["took", seconds(took)],
    ["each over", count(result.targetBars), "bars"],
  ];
  if (best) {
    tiles.push(
      ["best return", printed(best, "Total Return [%]"), "%"],
      ["holding instead", printed(best, "Benchmark Return [%]"), "%"],
      ["its drawdown", printed(best, "Max. Drawdown [%]"), "%"],
      ["its trades", printed(best, "Num. Trades")],
    );
  }
  return (
    <dl class="tiles">
      {tiles.map(([title, value, unit]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>
            {value}
            {unit && <span class="unit"> {unit}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Spread({ done: { result, asked } }: { done: Done }) {
  const [best] = result.variants;
  if (best === undefined || result.variants.length < 2) return null;
  const returns = result.variants.map((variant) => variant.totalReturnPct);
  const input = reportInput(result, best, asked.range);
  const holding = metric(best, "Benchmark Return [%]");
  const marks = [{ value: best.totalReturnPct, title: "Best", kind: "best" }];
  if (holding !== null) marks.push({ value: holding, title: "Holding", kind: "holding" });
  return (
    <section class="card">
      <h2>Returns of the {count(returns.length)} returned variants</h2>
      <p class="hint">
        These are the best of {count(Math.max(result.stageAVariants, result.stageBVariants))}; the
        best of many is partly luck. The best is{" "}
        <a href={href("variant", packed(input))}>{described(input)}</a>.
      </p>
      <Histogram
        values={returns}
        marks={marks}
        label="Total returns of the returned variants, in percent"
      />
    </section>
  );
}

function Hashes({ done: { result } }: { done: Done }) {
  const shown: (readonly [string, string | null])[] = [
    ["Request", result.gridRequestHash],
    ["Strategy", result.specHash],
    ["Settings", result.engineParamsHash],
  ];
  return (
    <details class="hashes">
      <summary>Hashes: who sends the same gets the same</summary>
      <dl>
        {shown.map(([title, hash]) =>
          hash === null ? null : (
            <div key={title}>
              <dt>{title}</dt>
              <dd>
                <code>{hash}</code>
              </dd>
            </div>
          ),
        )}
      </dl>
    </details>
  );
}
