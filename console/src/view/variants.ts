// A variant in words, and as the input that asks for it alone.
import type { RunSubscription, VariantReportInput } from "../../generated/face";
import { STANDARD, type Standard, standardName, standardText } from "./standard";

export type RunResult = NonNullable<RunSubscription["runBacktest"]["result"]>;
export type Variant = RunResult["variants"][number];
export interface Range {
  start: string;
  end: string;
}

/** A variant in one line: `ma.ema 20 · momentum.rsi 14 (52/48) · sl 4 %`. */
export function described(variant: Described): string {
  return partsOf(variant).join(" · ");
}

type Described = Pick<VariantReportInput, "indicatorSelections" | "signals" | "risk">;

/** A variant by its indicators and stops, each in words. */
export function partsOf(variant: Described): string[] {
  const parts = variant.indicatorSelections.map((selection) => {
    const values = (selection.params ?? []).map((item) => item.value).join(" ");
    const found = variant.signals?.find((entry) => entry.indicatorId === selection.indicatorId);
    const levels = found ? ` (${found.params.map((item) => item.value).join("/")})` : "";
    const source =
      selection.source && selection.source !== "close" ? ` of ${selection.source}` : "";
    return `${selection.indicatorId} ${values}${source}${levels}`;
  });
  const { risk } = variant;
  if (risk?.slEnabled) parts.push(`sl ${risk.slPct} %`);
  if (risk?.tpEnabled) parts.push(`tp ${risk.tpPct} %`);
  return parts;
}

// Longer names leave no room for numbers beside them.
const LONG_NAME = 48;

/** What all of several long names have in common; a list tells it once. */
export function inCommon(names: string[][]): string[] {
  const [first = [], ...others] = names;
  if (others.length === 0 || first.join(" · ").length <= LONG_NAME) return [];
  const alike = first.filter((part) => others.every((other) => other.includes(part)));
  return alike.length < first.length ? alike : [];
}

/** The input of `variantReport` for a variant of an answer. */
export function reportInput(
  run: Pick<RunResult, "warmupBars" | "instrumentId" | "timeframe">,
  variant: Pick<Variant, "payload">,
  range: Range,
): VariantReportInput {
  const { payload } = variant;
  return {
    timeRange: range,
    warmupBars: run.warmupBars,
    instrumentId: run.instrumentId,
    timeframe: run.timeframe,
    indicatorSelections: payload.indicatorSelections.map(({ indicatorId, inputs, params }) => {
      const source = inputs.find((item) => item.name === "source")?.value;
      return { indicatorId, params, ...(source !== undefined && { source: String(source) }) };
    }),
    signals: payload.signals,
    risk: payload.risk,
    execution: payload.execution,
    directionMode: payload.directionMode,
    sizingMode: payload.sizingMode,
  };
}

/** A metric as it is shown: a row with the text of the report, a usual ratio with two decimals. */
export function printed(variant: Variant, metric: string): string {
  if (standardName(metric)) return standardText(variant.report?.standard, metric);
  return variant.report?.rows.find((row) => row.metric === metric)?.value ?? "–";
}

export function metric(variant: Variant, name: string): number | null {
  const usual = standardName(name);
  if (usual) return variant.report?.standard?.[usual] ?? null;
  return variant.report?.metrics.find((item) => item.metric === name)?.value ?? null;
}

interface Line {
  metric: string;
  value: string;
}

/** The rows of a report, and the usual ratios after them, to be compared line by line. */
export function linesOf(report: { rows: Line[]; standard: Standard } | null | undefined): Line[] {
  if (!report) return [];
  const usual = STANDARD.map(([, title]) => ({
    metric: title,
    value: standardText(report.standard, title),
  }));
  return [...report.rows, ...usual];
}

/** Places of the variants in the order of a value; what has no number comes last. */
export function sorted(
  variants: Variant[],
  toValue: (variant: Variant, place: number) => number | null,
  isDescending: boolean,
): number[] {
  const values = variants.map(toValue);
  const sign = isDescending ? -1 : 1;
  return variants
    .map((_, place) => place)
    .sort((a, b) => {
      const [left, right] = [values[a] ?? null, values[b] ?? null];
      if (left === null || right === null) return Number(left === null) - Number(right === null);
      return sign * (left - right) || a - b;
    });
}
