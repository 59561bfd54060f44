// What the choices and scalars of a request are called, wherever they are asked for.
import type { DirectionMode, SizingMode } from "../../generated/face";
import type { ExecutionName } from "./form";

export const EXECUTION_LABELS: Record<ExecutionName, readonly [label: string, unit: string]> = {
  init_cash_quote: ["Starting cash", "quote"],
  fee_pct: ["Fee per fill", "%"],
  slippage_pct: ["Slippage per fill", "%"],
  fixed_quote: ["Fixed entry", "quote"],
  safe_profit_percent: ["Profit locked away", "%"],
};

export const DIRECTIONS: readonly (readonly [DirectionMode, string])[] = [
  ["LONG_SHORT", "Long and short"],
  ["LONG_ONLY", "Long only"],
  ["SHORT_ONLY", "Short only"],
];

export const SIZINGS: readonly (readonly [SizingMode, string])[] = [
  ["ALL_IN", "All in"],
  ["FIXED_QUOTE", "A fixed amount"],
  ["COMPOUND", "Compound"],
  ["PROFIT_LOCK", "Compound, with profit locked away"],
];
