// Asks for the map of a run: the run itself over again, with its landscape alone in the answer.
import type { GridMapMutationVariables, RunBacktestInput } from "../../generated/face";
import { ask, FaceError } from "../face/ask";
import { MAP } from "../face/documents";
import type { Landscape } from "./axes";

export type Wanted = Pick<GridMapMutationVariables, "x" | "y" | "statistic"> & {
  /** The third axis; null where none is wanted. */
  by: string | null;
};

export interface MapAnswer {
  /** Null where the range has too few bars. */
  landscape: Landscape | null;
  /** Why something was not drawn. */
  refusal: string | null;
}

const NOT_DRAWN = new Set(["unknown_axis", "too_many_cells"]);

/** The map over two axes; where these cannot be drawn, what else is known of the grid. */
export async function askMap(
  input: RunBacktestInput,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<MapAnswer> {
  const { by, ...axes } = wanted;
  const attempts = [
    { withSurface: true, withSurfaces: by !== null },
    ...(by === null ? [] : [{ withSurface: true, withSurfaces: false }]),
    { withSurface: false, withSurfaces: false },
  ];
  let refusal: string | null = null;
  for (const attempt of attempts) {
    try {
      const variables = { input, ...axes, by: by ?? "", ...attempt };
      const { runBacktest } = await ask(MAP, variables, signal);
      return { landscape: runBacktest.landscape, refusal };
    } catch (error) {
      refusal = whyNotDrawn(error);
    }
  }
  return { landscape: null, refusal };
}

/** Why a map was not drawn; throws again what is another failure. */
function whyNotDrawn(error: unknown): string {
  const problem =
    error instanceof FaceError && error.problems.find(({ code }) => NOT_DRAWN.has(code));
  if (!problem) throw error;
  return problem.message;
}
