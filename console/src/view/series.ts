// Lays what happens at closes over the bars that a chart draws, which carry their open times.

export interface Point {
  ts: string;
}

/**
 * For each moment the place of the bar that it closes in: the last bar that opens before it.
 * Moments before the first bar belong to the first.
 */
export function barsOf(opens: number[], moments: number[]): number[] {
  let place = 0;
  return moments.map((moment, i) => {
    if (i > 0 && moment < (moments[i - 1] ?? 0)) place = 0;
    while (place + 1 < opens.length && (opens[place + 1] ?? 0) < moment) place += 1;
    return place;
  });
}

/** The last value in each bar; bars without one are left out. */
export function lastInBar<Value>(
  opens: number[],
  moments: number[],
  values: Value[],
): { place: number; value: Value }[] {
  const found = new Map<number, Value>();
  barsOf(opens, moments).forEach((place, i) => {
    found.set(place, values[i] as Value);
  });
  return [...found].map(([place, value]) => ({ place, value }));
}

interface Held {
  direction: string;
  entryTs: string;
  exitTs: string;
}

/** For each bar the side that is held after its close: 1 long, -1 short, 0 neither. */
export function heldSides(trades: Held[], opens: number[]): number[] {
  const sides = new Array<number>(opens.length).fill(0);
  const entries = barsOf(
    opens,
    trades.map(({ entryTs }) => Date.parse(entryTs)),
  );
  const exits = barsOf(
    opens,
    trades.map(({ exitTs }) => Date.parse(exitTs)),
  );
  trades.forEach(({ direction }, i) => {
    sides.fill(direction === "LONG" ? 1 : -1, entries[i], exits[i]);
  });
  return sides;
}

export interface Step {
  from: number;
  to: number;
  n: number;
}

/** How many values fall into each of `n` equal steps from the least to the greatest. */
export function histogram(values: number[], n: number): Step[] {
  if (values.length === 0) return [];
  const least = Math.min(...values);
  const greatest = Math.max(...values);
  const width = (greatest - least) / n || 1;
  const counts = new Array<number>(n).fill(0);
  for (const value of values) {
    const place = Math.min(n - 1, Math.floor((value - least) / width));
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return stepsBetween(least, least + width * n, counts);
}

/** Counts as equal steps between two values; one step where these are the same. */
export function stepsBetween(least: number, greatest: number, counts: readonly number[]): Step[] {
  const width = (greatest - least) / counts.length;
  if (width === 0) return [{ from: least, to: least, n: counts.reduce((a, b) => a + b, 0) }];
  return counts.map((n, i) => ({ from: least + i * width, to: least + (i + 1) * width, n }));
}
