// The run that is going on, or the last one; a reload of the page keeps its answer.
import { signal } from "@preact/signals";
import type { RunBacktestInput, RunSubscription } from "../../generated/face";
import { asFaceError, FaceError, isAbort } from "../face/ask";
import { RUN } from "../face/documents";
import { watch } from "../face/events";
import type { Range, RunResult } from "../view/variants";
import { remember } from "./history";

export interface Asked {
  input: RunBacktestInput;
  range: Range;
  /** What the list of runs calls it. */
  title: string;
  /** The form as a link carries it; empty for a saved strategy. */
  link: string;
  expectedSeconds: number | null;
  /** Whether the answer weighs how much of the best is luck. */
  withEvidence: boolean;
}

export type Run =
  | { state: "none" }
  | {
      state: "running";
      asked: Asked;
      startedAt: number;
      cancel: () => void;
      /** Null while it waits for a place. */
      progress: Progress | null;
    }
  | { state: "done"; asked: Asked; result: RunResult; seconds: number }
  | { state: "failed"; asked: Asked; error: FaceError }
  | { state: "cancelled"; asked: Asked };

// Its number rises when an answer gets members that the screens cannot do without.
const KEPT = "roehub.answer.2";

type Event = RunSubscription["runBacktest"];
export type Progress = NonNullable<Event["progress"]>;

export const run = signal<Run>(kept());

export async function start(asked: Asked): Promise<void> {
  if (run.value.state === "running") run.value.cancel();
  const leaving = new AbortController();
  const startedAt = performance.now();
  const cancel = () => leaving.abort();
  const show = (progress: Progress | null) => {
    run.value = { state: "running", asked, startedAt, cancel, progress };
  };
  show(null);
  let ended: Run;
  try {
    const result = await resultOf(asked, show, leaving.signal);
    const seconds = (performance.now() - startedAt) / 1000;
    ended = { state: "done", asked, result, seconds };
  } catch (error) {
    ended = isAbort(error)
      ? { state: "cancelled", asked }
      : { state: "failed", asked, error: asFaceError(error) };
  }
  if (run.value.state !== "running" || run.value.cancel !== cancel) return;
  run.value = ended;
  if (ended.state === "done") {
    keep(ended);
    remember(ended);
  }
}

async function resultOf(
  asked: Asked,
  show: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<RunResult> {
  const { input, withEvidence } = asked;
  let result: RunResult | null = null;
  const tell = ({ runBacktest }: RunSubscription) => {
    if (runBacktest.progress && !signal.aborted) show(runBacktest.progress);
    result = runBacktest.result ?? result;
  };
  await watch(RUN, { input, withEvidence }, tell, signal);
  if (result === null) throw new FaceError("unexpected_error", "The run ended without an answer");
  return result;
}

function keep(ended: Run): void {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(ended));
  } catch {
    sessionStorage.removeItem(KEPT); // longer than a browser keeps; the link brings it back
  }
}

function kept(): Run {
  try {
    const text = sessionStorage.getItem(KEPT);
    return text === null ? { state: "none" } : (JSON.parse(text) as Run);
  } catch {
    return { state: "none" };
  }
}
