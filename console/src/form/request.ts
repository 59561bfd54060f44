// From the form to what each face is sent. The REST request is made first and GraphQL's from it,
// so that both always mean the same.
import type {
  AxisInput,
  RunBacktestInput,
  Timeframe,
  VariantReportInput,
} from "../../generated/face";
import { type AxisForm, EXECUTION, type Form, type IndicatorForm, LIMITS } from "./form";

type Scalar = number | string;
export type RestAxis =
  | { mode: "explicit"; values: Scalar[] }
  | { mode: "range"; start: Scalar; stop_incl: Scalar; step: Scalar };
type Axes = Record<string, RestAxis>;

export interface RestGrid {
  indicator_id: string;
  source?: RestAxis;
  params?: Axes;
}

export interface RestRequest {
  time_range: { start: string; end: string };
  top_k?: Scalar;
  preselect?: Scalar;
  warmup_bars?: Scalar;
  min_trades?: Scalar;
  prior_trials?: Scalar;
  distinct?: true;
  include?: ["evidence"];
  ranking?: { primary_metric?: string; secondary_metric?: string };
  template: {
    instrument_id: { market_id: number; symbol: string };
    timeframe: string;
    indicator_grids: RestGrid[];
    direction_mode: string;
    sizing_mode: string;
    execution?: Record<string, Scalar>;
    risk_grid?: { sl_enabled: boolean; tp_enabled: boolean; sl?: RestAxis; tp?: RestAxis };
    signal_grids?: Record<string, Axes>;
  };
}

export const TIMEFRAMES: Record<Timeframe, string> = {
  M1: "1m",
  M5: "5m",
  M15: "15m",
  H1: "1h",
  H4: "4h",
  D1: "1d",
};
const SIZING: Record<string, string> = {
  ALL_IN: "all_in",
  FIXED_QUOTE: "fixed_quote",
  COMPOUND: "strategy_compound",
  PROFIT_LOCK: "strategy_compound_profit_lock",
};

/** The request over REST. What cannot be a number goes along as it is: the service says so. */
export function toRest(form: Form): RestRequest {
  const signals = signalGrids(form.indicators);
  const execution = filled(EXECUTION, form.execution);
  const ranking = {
    ...(form.primary && { primary_metric: form.primary.toLowerCase() }),
    ...(form.secondary && { secondary_metric: form.secondary.toLowerCase() }),
  };
  return {
    time_range: { start: toMoment(form.start), end: toMoment(form.end) },
    ...filled(LIMITS, form.limits),
    ...(form.distinct && { distinct: true }),
    ...(Object.keys(ranking).length > 0 && { ranking }),
    ...(form.evidence && { include: ["evidence"] }),
    template: {
      instrument_id: { market_id: form.marketId, symbol: form.symbol },
      timeframe: TIMEFRAMES[form.timeframe],
      indicator_grids: form.indicators.map(indicatorGrid),
      direction_mode: form.direction.toLowerCase().replace("_", "-"),
      sizing_mode: SIZING[form.sizing] ?? form.sizing,
      ...(Object.keys(execution).length > 0 && { execution }),
      ...riskGrid(form),
      ...(Object.keys(signals).length > 0 && { signal_grids: signals }),
    },
  };
}

/** The same request as GraphQL's input: camelCase, maps as lists, enums by their names. */
export function toGraphql(form: Form): RunBacktestInput {
  const rest = toRest(form);
  const { template, time_range, ...options } = rest;
  const { indicator_grids, signal_grids, risk_grid, execution } = template;
  const input = {
    timeRange: time_range,
    ...camel(filledOnly(options, LIMITS)),
    ...(form.distinct && { distinct: true }),
    ...((form.primary || form.secondary) && {
      ranking: {
        ...(form.primary && { primaryMetric: form.primary }),
        ...(form.secondary && { secondaryMetric: form.secondary }),
      },
    }),
    instrumentId: camel(template.instrument_id),
    timeframe: form.timeframe,
    indicatorGrids: indicator_grids.map((grid) => ({
      indicatorId: grid.indicator_id,
      ...(grid.source && { source: axisInput(grid.source) }),
      ...(grid.params && { params: namedAxes(grid.params) }),
    })),
    directionMode: form.direction,
    sizingMode: form.sizing,
    ...(execution && { execution: camel(execution) }),
    ...(risk_grid && {
      riskGrid: {
        slEnabled: risk_grid.sl_enabled,
        tpEnabled: risk_grid.tp_enabled,
        ...(risk_grid.sl && { sl: axisInput(risk_grid.sl) }),
        ...(risk_grid.tp && { tp: axisInput(risk_grid.tp) }),
      },
    }),
    ...(signal_grids && {
      signalGrids: Object.entries(signal_grids).map(([indicatorId, axes]) => ({
        indicatorId,
        params: namedAxes(axes),
      })),
    }),
  };
  // Texts that are no numbers stay in it on purpose, which the types of the schema cannot say.
  return { template: input } as unknown as RunBacktestInput;
}

/** The span of the range is open at its end: a day means its first moment. */
export function toMoment(text: string): string {
  const trimmed = text.trim();
  if (/^\d{4}-\d\d-\d\d$/.test(trimmed)) return `${trimmed}T00:00:00Z`;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(trimmed) ? `${trimmed}:00Z` : trimmed;
}

/** A number where the text is one, otherwise the text. */
export function toScalar(text: string): Scalar {
  const trimmed = text.trim();
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : trimmed;
}

export function toAxis(axis: AxisForm): RestAxis | undefined {
  if (axis.mode === "default") return undefined;
  if (axis.mode === "list") return { mode: "explicit", values: toValues(axis.values) };
  return {
    mode: "range",
    start: toScalar(axis.start),
    stop_incl: toScalar(axis.stop),
    step: toScalar(axis.step),
  };
}

export function toValues(text: string): Scalar[] {
  return text
    .split(/[,;\s]+/)
    .filter((part) => part !== "")
    .map(toScalar);
}

export function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

export function isRunnableVariant(value: unknown): value is VariantReportInput {
  return typeof value === "object" && value !== null && "indicatorSelections" in value;
}

function indicatorGrid(indicator: IndicatorForm): RestGrid {
  const source = toAxis(indicator.source);
  const params = axesOf(indicator.params);
  return {
    indicator_id: indicator.id,
    ...(source && { source }),
    ...(Object.keys(params).length > 0 && { params }),
  };
}

function signalGrids(indicators: IndicatorForm[]): Record<string, Axes> {
  const named = indicators.map((item) => [item.id, axesOf(item.signals)] as const);
  return Object.fromEntries(named.filter(([, axes]) => Object.keys(axes).length > 0));
}

function riskGrid(form: Form): Pick<RestRequest["template"], "risk_grid"> {
  const { stopLoss, takeProfit } = form;
  if (!stopLoss.isOn && !takeProfit.isOn) return {};
  const sl = stopLoss.isOn ? toAxis(stopLoss.axis) : undefined;
  const tp = takeProfit.isOn ? toAxis(takeProfit.axis) : undefined;
  return {
    risk_grid: {
      sl_enabled: stopLoss.isOn,
      tp_enabled: takeProfit.isOn,
      ...(sl && { sl }),
      ...(tp && { tp }),
    },
  };
}

function axesOf(forms: Record<string, AxisForm>): Axes {
  const axes: Axes = {};
  for (const [name, form] of Object.entries(forms)) {
    const axis = toAxis(form);
    if (axis) axes[name] = axis;
  }
  return axes;
}

export function filled<Name extends string>(
  names: readonly Name[],
  texts: Record<Name, string>,
): Partial<Record<Name, Scalar>> {
  const given = names.filter((name) => texts[name].trim() !== "");
  return Object.fromEntries(given.map((name) => [name, toScalar(texts[name])])) as Partial<
    Record<Name, Scalar>
  >;
}

function filledOnly(options: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name)));
}

export function camel(members: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [camelCase(name), value]),
  );
}

function namedAxes(axes: Axes): { name: string; axis: AxisInput }[] {
  return Object.entries(axes).map(([name, axis]) => ({ name, axis: axisInput(axis) }));
}

export function axisInput(axis: RestAxis): AxisInput {
  const { mode, ...members } = axis;
  return { [mode]: camel(members) } as unknown as AxisInput;
}
