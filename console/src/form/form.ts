// What is filled in on the form. Numbers stay the texts that were typed, so that the service
// judges them and nothing is lost between two visits.
import type { DirectionMode, RankingMetric, SizingMode, Timeframe } from "../../generated/face";

export type AxisForm =
  | { mode: "default" }
  | { mode: "range"; start: string; stop: string; step: string }
  | { mode: "list"; values: string };

export interface IndicatorForm {
  id: string;
  source: AxisForm;
  params: Record<string, AxisForm>;
  signals: Record<string, AxisForm>;
}

export interface RiskForm {
  isOn: boolean;
  axis: AxisForm;
}

export interface Form {
  marketId: number;
  symbol: string;
  timeframe: Timeframe;
  /** UTC, as `2024-01-31` or `2024-01-31T10:00`. */
  start: string;
  end: string;
  indicators: IndicatorForm[];
  direction: DirectionMode;
  sizing: SizingMode;
  stopLoss: RiskForm;
  takeProfit: RiskForm;
  execution: Record<ExecutionName, string>;
  primary: RankingMetric | "";
  secondary: RankingMetric | "";
  limits: Record<LimitName, string>;
  /** Whether one variant stands for all that have the same trades. */
  distinct: boolean;
  /** Whether the answer weighs how much of the best is luck. */
  evidence: boolean;
}

export const EXECUTION = [
  "init_cash_quote",
  "fee_pct",
  "slippage_pct",
  "fixed_quote",
  "safe_profit_percent",
] as const;
export type ExecutionName = (typeof EXECUTION)[number];

/** No scalar of money and costs named. */
export const NO_EXECUTION: Record<ExecutionName, string> = {
  init_cash_quote: "",
  fee_pct: "",
  slippage_pct: "",
  fixed_quote: "",
  safe_profit_percent: "",
};

export const LIMITS = ["top_k", "preselect", "warmup_bars", "min_trades", "prior_trials"] as const;
export type LimitName = (typeof LIMITS)[number];

export const DEFAULT_AXIS: AxisForm = { mode: "default" };

const list = (values: string): AxisForm => ({ mode: "list", values });

export function newIndicator(id: string): IndicatorForm {
  return { id, source: DEFAULT_AXIS, params: {}, signals: {} };
}

/** An indicator with its usual values alone, to be widened: all of them at once are too many. */
export function usualIndicator({ id, params }: Known): IndicatorForm {
  const usual = params.map(({ name, default: value }) => [name, list(String(value))] as const);
  return { ...newIndicator(id), source: DEFAULT_AXIS, params: Object.fromEntries(usual) };
}

interface Known {
  id: string;
  params: readonly { name: string; default: number }[];
}

/** A grid that answers within a second or two on a year of candles. */
export function firstForm(marketId: number, symbol: string, start: string, end: string): Form {
  return {
    marketId,
    symbol,
    timeframe: "H4",
    start,
    end,
    indicators: [
      {
        ...newIndicator("ma.ema"),
        source: list("close"),
        params: { window: { mode: "range", start: "10", stop: "200", step: "10" } },
      },
      {
        ...newIndicator("momentum.rsi"),
        source: list("close"),
        params: { window: { mode: "range", start: "10", stop: "40", step: "2" } },
        signals: { long_threshold: list("52, 55, 60"), short_threshold: list("40, 45, 48") },
      },
    ],
    direction: "LONG_SHORT",
    sizing: "ALL_IN",
    stopLoss: { isOn: true, axis: list("1, 2, 4") },
    takeProfit: { isOn: false, axis: list("4, 8, 16") },
    execution: NO_EXECUTION,
    primary: "",
    secondary: "",
    limits: { top_k: "", preselect: "", warmup_bars: "", min_trades: "", prior_trials: "" },
    distinct: true,
    evidence: true,
  };
}
