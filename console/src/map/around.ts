// What surrounds each returned variant, once the map of their grid has been asked for.
import { signal } from "@preact/signals";
import type { RunBacktestInput } from "../../generated/face";
import type { Landscape } from "./axes";

export type Near = Landscape["neighbourhoods"][number];
/** By the place of a variant in the answer, from 0. */
export type Around = ReadonlyMap<number, Near>;

const last = signal<{ input: RunBacktestInput; around: Around } | null>(null);

export function rememberAround(input: RunBacktestInput, landscape: Landscape | null): void {
  const near = landscape?.neighbourhoods ?? [];
  last.value = { input, around: new Map(near.map((item) => [item.place, item])) };
}

/** Null until the map of this run has been opened. */
export function aroundOf(input: RunBacktestInput): Around | null {
  return last.value?.input === input ? last.value.around : null;
}

const SHAPES: Record<NonNullable<Near["shape"]>, string> = {
  PLATEAU: "plateau",
  SLOPE: "slope",
  SPIKE: "spike",
};

/** `plateau, keeps 92 %`: its shape, and what the median neighbour keeps of the gain. */
export function aroundTold(near: Near | undefined): string {
  if (!near?.shape) return "–";
  const kept = near.kept == null ? "" : `, keeps ${(near.kept * 100).toFixed(0)} %`;
  return SHAPES[near.shape] + kept;
}
