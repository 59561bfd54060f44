// Opens what a cell of the map stands for: a returned variant, or one that is looked up by a run.
import type { RunBacktestInput } from "../../generated/face";
import { ask } from "../face/ask";
import { CELL } from "../face/documents";
import { packed } from "../form/link";
import { go } from "../state/route";
import { type Range, type RunResult, reportInput } from "../view/variants";
import type { Surface } from "./axes";
import { type Pins, pinnedRun, pinnedVariant, returnedIn } from "./pin";

export interface Cell {
  statistic: Surface["statistic"];
  pins: Pins;
  /** The return that the cell tells, in percent. */
  told: number;
}

export interface Source {
  input: RunBacktestInput;
  result: RunResult;
  range: Range;
}

/** Whether the cells of a run's map can be opened. */
export function canOpen({ input }: Source): boolean {
  return Boolean(input.template);
}

/** Go to the variant of a cell: the best one in it, of a slice the only one. */
export async function openCell(source: Source, cell: Cell, signal: AbortSignal): Promise<void> {
  const { result, range, input } = source;
  const known = knownIn(source, cell);
  if (known) return go("variant", packed(reportInput(result, known, range)));
  const run = pinnedRun(input, cell.pins);
  if (!run) return;
  const { runBacktest } = await ask(CELL, { input: run }, signal);
  const [best] = runBacktest.variants;
  if (best) go("variant", packed(reportInput(runBacktest, best, range)));
}

function knownIn({ result }: Source, { statistic, pins, told }: Cell) {
  const [best] = result.variants;
  if (statistic === "SLICE") return best && { payload: pinnedVariant(best.payload, pins) };
  return statistic === "BEST" ? returnedIn(result.variants, pins, told) : undefined;
}
