// The run that is going on, or the last one; a reload of the page keeps its answer.
import { signal } from "@preact/signals";
import type { RunBacktestInput } from "../../generated/face";
import { asFaceError, ask, type FaceError, isAbort } from "../face/ask";
import { RUN } from "../face/documents";
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
  | { state: "running"; asked: Asked; startedAt: number; cancel: () => void }
  | { state: "done"; asked: Asked; result: RunResult; seconds: number }
  | { state: "failed"; asked: Asked; error: FaceError }
  | { state: "cancelled"; asked: Asked };

// Its number rises when an answer gets members that the screens cannot do without.
const KEPT = "roehub.answer.1";

export const run = signal<Run>(kept());

export async function start(asked: Asked): Promise<void> {
  if (run.value.state === "running") run.value.cancel();
  const leaving = new AbortController();
  const startedAt = performance.now();
  const mine: Run = { state: "running", asked, startedAt, cancel: () => leaving.abort() };
  run.value = mine;
  let ended: Run;
  try {
    const answer = await ask(
      RUN,
      { input: asked.input, withEvidence: asked.withEvidence },
      leaving.signal,
    );
    const seconds = (performance.now() - startedAt) / 1000;
    ended = { state: "done", asked, result: answer.runBacktest, seconds };
  } catch (error) {
    ended = isAbort(error)
      ? { state: "cancelled", asked }
      : { state: "failed", asked, error: asFaceError(error) };
  }
  if (run.value !== mine) return;
  run.value = ended;
  if (ended.state === "done") {
    keep(ended);
    remember(ended);
  }
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
