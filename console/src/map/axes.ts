// The axes of a grid: the two to begin with, and where a variant stands on one.
import type { GridMapMutation } from "../../generated/face";
import type { Variant } from "../view/variants";

export type Landscape = NonNullable<GridMapMutation["runBacktest"]["landscape"]>;
export type Axis = Landscape["axes"][number];
export type Surface = NonNullable<Landscape["surface"]>;

export interface Pair {
  x: string;
  y: string;
}

/** The two axes that explain most, which the service draws unasked; null where there are not two. */
export function twoThatExplainMost(axes: readonly Pick<Axis, "name" | "share">[]): Pair | null {
  const [x, y] = [...axes].sort((a, b) => (b.share ?? 0) - (a.share ?? 0));
  return x && y ? { x: x.name, y: y.name } : null;
}

/** The pair with another axis on one side; an axis that stands on the other side changes places. */
export function withAxis(pair: Pair, side: keyof Pair, name: string): Pair {
  const other = side === "x" ? "y" : "x";
  const rest = pair[other] === name ? pair[side] : pair[other];
  return side === "x" ? { x: name, y: rest } : { x: rest, y: name };
}

/** The value that a variant has on an axis; undefined where it has none. */
export function valueOn(
  { payload }: Pick<Variant, "payload">,
  axis: string,
): string | number | undefined {
  const { risk } = payload;
  if (axis === "sl_pct") return risk.slEnabled ? (risk.slPct ?? undefined) : undefined;
  if (axis === "tp_pct") return risk.tpEnabled ? (risk.tpPct ?? undefined) : undefined;
  for (const { indicatorId, inputs, params } of payload.indicatorSelections) {
    const found = [...inputs, ...params].find(({ name }) => `${indicatorId}.${name}` === axis);
    if (found) return found.value;
  }
  for (const { indicatorId, params } of payload.signals) {
    const found = params.find(({ name }) => `signals.${indicatorId}.${name}` === axis);
    if (found) return found.value;
  }
  return undefined;
}

/** `rsi long threshold`, where there is little room. */
export function shortTitle(name: string): string {
  return axisTitle(name).replace(/^\w+\./, "");
}

/** `momentum.rsi long threshold`: the indicator by its id, then what of it is tried. */
export function axisTitle(name: string): string {
  if (name === "sl_pct") return "stop-loss %";
  if (name === "tp_pct") return "take-profit %";
  const steps = name.replace(/^signals\./, "").split(".");
  const parameter = steps.pop() ?? "";
  return `${steps.join(".")} ${parameter.replaceAll("_", " ")}`.trim();
}
