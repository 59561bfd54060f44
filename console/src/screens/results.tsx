// The run that goes on or has ended, and its answer.
import { useEffect, useState } from "preact/hooks";
import { TIMEFRAMES } from "../form/request";
import { aroundOf } from "../map/around";
import { GridMap } from "../map/panel";
import { readLink } from "../state/draft";
import { catalog } from "../state/loaded";
import { go, href } from "../state/route";
import { type Asked, type Run, run, start } from "../state/run";
import { count, day, seconds } from "../view/format";
import { stageTold } from "../view/stages";
import { Empty, SAME_AGAIN, Trouble } from "../view/states";
import { AnswerBody } from "./answerBody";
import { instrumentTitle } from "./instrumentTitle";
import { SaveReport } from "./saveReport";

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
      return <Running {...now} />;
    case "cancelled":
      return (
        <Empty title="Cancelled">
          <p>The run was cancelled; the service has stopped computing it.</p>
          <Again asked={now.asked} />
        </Empty>
      );
    case "failed":
      return (
        <Trouble error={now.error} retry={() => void start(now.asked)}>
          <Back asked={now.asked} isMain={SAME_AGAIN.has(now.error.code)} />
        </Trouble>
      );
    case "done":
      return <Answer done={now} />;
  }
}

type InProgress = Extract<Run, { state: "running" }>;

function Running({ asked, startedAt, cancel, progress }: InProgress) {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setElapsed((performance.now() - startedAt) / 1000), 100);
    return () => clearInterval(timer);
  }, [startedAt]);
  const threads = catalog.value.state === "ready" ? catalog.value.value.runtimeDefaults.threads : 1;
  const expected = asked.expectedSeconds;
  const stage = progress && stageTold(progress.stage);
  return (
    <section class="state">
      <h2>{asked.title}</h2>
      <p role="status" class="loading">
        <span class="spinner" aria-hidden="true" />{" "}
        {stage ?? "Waiting for a free slot and reading candles"}
      </p>
      <p class="numbers">
        {seconds(elapsed)}
        {expected !== null && (
          <span class="hint"> of at most about {seconds(expected / threads)}</span>
        )}
      </p>
      {expected !== null && (
        <progress
          max={1}
          value={Math.min(0.98, (progress?.processorSeconds ?? 0) / Math.max(expected, 0.1))}
          aria-label="Work done, of what is expected"
        />
      )}
      {progress && (
        <p class="hint">
          {count(progress.done)} of {count(progress.total)} parts of this step
        </p>
      )}
      <p>
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      </p>
    </section>
  );
}

function Back({ asked, isMain = false }: { asked: Asked; isMain?: boolean }) {
  const [place, title] =
    asked.link === ""
      ? [href("saved"), "Back to the saved strategies"]
      : [href("ask", asked.link), "Back to the form"];
  return (
    <a class={isMain ? "button main" : "button"} href={place}>
      {title}
    </a>
  );
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
            {asked.title}, {TIMEFRAMES[result.timeframe]} bars · {day(asked.range.start)} to{" "}
            {day(asked.range.end)} UTC
          </p>
        </div>
        <div class="buttons">
          <SaveReport done={done} />
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
        </div>
      </header>
      <AnswerBody
        result={result}
        range={asked.range}
        seconds={done.seconds}
        around={aroundOf(asked.input)}
        map={
          best && (
            <GridMap source={{ input: asked.input, result, range: asked.range }} best={best} />
          )
        }
      />
    </>
  );
}
