// Asks for the map of a run: the run itself over again, with its landscape alone in the answer.
import type { GridMapMutationVariables, RunBacktestInput } from "../../generated/face";
import { ask, FaceError } from "../face/ask";
import { MAP } from "../face/documents";
import type { Landscape } from "./axes";

export type Wanted = Pick<GridMapMutationVariables, "x" | "y" | "statistic">;

export interface MapAnswer {
  /** Null where the range has too few bars. */
  landscape: Landscape | null;
  /** Why nothing was drawn over the two axes. */
  refusal: string | null;
}

const NOT_DRAWN = new Set(["unknown_axis", "too_many_cells"]);

/** The map over two axes; where these cannot be drawn, what else is known of the grid. */
export async function askMap(
  input: RunBacktestInput,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<MapAnswer> {
  const answered = async (withSurface: boolean) =>
    (await ask(MAP, { input, ...wanted, withSurface }, signal)).runBacktest.landscape;
  try {
    return { landscape: await answered(true), refusal: null };
  } catch (error) {
    const problem =
      error instanceof FaceError && error.problems.find(({ code }) => NOT_DRAWN.has(code));
    if (!problem) throw error;
    return { landscape: await answered(false), refusal: problem.message };
  }
}
