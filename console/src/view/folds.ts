// Blocks of the evidence as times: the target slice is cut into 64 parts of whole bars.
import type { Timeframe } from "../../generated/face";

export const N_BLOCKS = 64;
export const BAR_MINUTES: Record<Timeframe, number> = {
  M1: 1,
  M5: 5,
  M15: 15,
  H1: 60,
  H4: 240,
  D1: 1440,
};

export interface Band {
  /** Epoch milliseconds, the first inside and the first after. */
  from: number;
  to: number;
}

/** When a block begins; block 64 is the end of the slice. */
export function blockStart(
  block: number,
  slice: { start: string; timeframe: Timeframe; nBars: number },
): number {
  const length = BAR_MINUTES[slice.timeframe] * 60_000;
  const first = Math.ceil(Date.parse(slice.start) / length) * length;
  return first + Math.floor((block * slice.nBars) / N_BLOCKS) * length;
}
