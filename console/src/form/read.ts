// A form from outside, a link or a file, checked member by member before anything shows it.
import {
  type AxisForm,
  EXECUTION,
  type Form,
  type IndicatorForm,
  LIMITS,
  type RiskForm,
} from "./form";
import { type RestAxis, TIMEFRAMES } from "./request";

type Members = Record<string, unknown>;
const MAX_INDICATORS = 100;

/** The form in a link; undefined where it is none. */
export function readForm(value: unknown): Form | undefined {
  if (!isObject(value) || !Array.isArray(value.indicators)) return undefined;
  const timeframe = text(value.timeframe);
  if (!(timeframe in TIMEFRAMES)) return undefined;
  return {
    marketId: Number(value.marketId) || 1,
    symbol: text(value.symbol),
    timeframe: timeframe as Form["timeframe"],
    start: text(value.start),
    end: text(value.end),
    indicators: value.indicators.slice(0, MAX_INDICATORS).filter(isObject).map(indicator),
    direction: oneOf(value.direction, ["LONG_SHORT", "LONG_ONLY", "SHORT_ONLY"]),
    sizing: oneOf(value.sizing, ["ALL_IN", "FIXED_QUOTE", "COMPOUND", "PROFIT_LOCK"]),
    stopLoss: risk(value.stopLoss),
    takeProfit: risk(value.takeProfit),
    execution: texts(EXECUTION, value.execution),
    primary: text(value.primary) as Form["primary"],
    secondary: text(value.secondary) as Form["secondary"],
    limits: texts(LIMITS, value.limits),
    distinct: value.distinct === true,
    evidence: value.evidence !== false,
  };
}

/** The form that asks for what a REST request with a template asks for. */
export function fromRest(value: unknown): Form | undefined {
  if (!isObject(value) || !isObject(value.template) || !isObject(value.time_range)) {
    return undefined;
  }
  const template = value.template;
  const grids = Array.isArray(template.indicator_grids) ? template.indicator_grids : [];
  const instrument = isObject(template.instrument_id) ? template.instrument_id : {};
  const signals = isObject(template.signal_grids) ? template.signal_grids : {};
  const risks = isObject(template.risk_grid) ? template.risk_grid : {};
  const ranking = isObject(value.ranking) ? value.ranking : {};
  const timeframe = Object.entries(TIMEFRAMES).find(([, word]) => word === template.timeframe);
  return readForm({
    marketId: instrument.market_id,
    symbol: instrument.symbol,
    timeframe: timeframe?.[0],
    start: plainMoment(value.time_range.start),
    end: plainMoment(value.time_range.end),
    indicators: grids.filter(isObject).map((grid) => ({
      id: grid.indicator_id,
      source: fromAxis(grid.source),
      params: fromAxes(grid.params),
      signals: fromAxes(signals[text(grid.indicator_id)]),
    })),
    direction: text(template.direction_mode).toUpperCase().replace("-", "_"),
    sizing: SIZING_NAMES[text(template.sizing_mode)],
    stopLoss: fromRisk(risks.sl_enabled, risks.sl, risks.sl_pct),
    takeProfit: fromRisk(risks.tp_enabled, risks.tp, risks.tp_pct),
    execution: template.execution,
    primary: text(ranking.primary_metric).toUpperCase(),
    secondary: text(ranking.secondary_metric).toUpperCase(),
    limits: value,
    distinct: value.distinct,
    evidence: Array.isArray(value.include) && value.include.includes("evidence"),
  });
}

const SIZING_NAMES: Record<string, string> = {
  all_in: "ALL_IN",
  fixed_quote: "FIXED_QUOTE",
  strategy_compound: "COMPOUND",
  strategy_compound_profit_lock: "PROFIT_LOCK",
};

function indicator(value: Members): IndicatorForm {
  return {
    id: text(value.id),
    source: axis(value.source),
    params: axes(value.params),
    signals: axes(value.signals),
  };
}

function risk(value: unknown): RiskForm {
  if (!isObject(value)) return { isOn: false, axis: { mode: "default" } };
  return { isOn: value.isOn === true, axis: axis(value.axis) };
}

function axes(value: unknown): Record<string, AxisForm> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, axis(item)]));
}

function axis(value: unknown): AxisForm {
  if (isObject(value) && value.mode === "list") return { mode: "list", values: text(value.values) };
  if (isObject(value) && value.mode === "range") {
    return {
      mode: "range",
      start: text(value.start),
      stop: text(value.stop),
      step: text(value.step),
    };
  }
  return { mode: "default" };
}

function fromAxes(value: unknown): Record<string, AxisForm> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fromAxis(item)]));
}

function fromAxis(value: unknown): AxisForm {
  if (!isObject(value)) return { mode: "default" };
  const given = value as Partial<RestAxis> & Members;
  if (given.mode === "range") {
    const { start, stop_incl, step } = given;
    return { mode: "range", start: text(start), stop: text(stop_incl), step: text(step) };
  }
  return Array.isArray(given.values)
    ? { mode: "list", values: given.values.map(text).join(", ") }
    : { mode: "default" };
}

function fromRisk(isOn: unknown, levels: unknown, level: unknown): RiskForm {
  const single: AxisForm = { mode: "list", values: text(level) };
  return { isOn: isOn === true, axis: isObject(levels) ? fromAxis(levels) : single };
}

function plainMoment(value: unknown): string {
  return text(value).replace(/T00:00:00(\.000)?Z$/, "");
}

function texts<Name extends string>(names: readonly Name[], value: unknown): Record<Name, string> {
  const members = isObject(value) ? value : {};
  return Object.fromEntries(names.map((name) => [name, text(members[name])])) as Record<
    Name,
    string
  >;
}

function oneOf<Word extends string>(value: unknown, words: readonly [Word, ...Word[]]): Word {
  return words.find((word) => word === value) ?? words[0];
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
