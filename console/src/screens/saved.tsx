// The saved strategies: run again, as saved or changed; deleted.
import { useEffect, useState } from "preact/hooks";
import type { StrategiesQuery } from "../../generated/face";
import { asFaceError, ask } from "../face/ask";
import { DELETE, STRATEGIES } from "../face/documents";
import { catalog, type Loaded } from "../state/loaded";
import { href } from "../state/route";
import { moment } from "../view/format";
import { Empty, Loading, Trouble } from "../view/states";
import { instrumentTitle } from "./instrumentTitle";
import { RunAgain } from "./runAgain";

export type Line = StrategiesQuery["strategies"][number];

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
        Confirm delete
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
