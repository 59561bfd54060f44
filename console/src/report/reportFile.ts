// What a report file holds, and reading it: as the console saves it, or as the command writes it.
import type { VariantReportInput } from "../../generated/face";
import type { Drawn } from "../screens/variantBody";
import { type Range, type RunResult, reportInput } from "../view/variants";
import { toAnswer, toCamel } from "./restAnswer";

export interface ReportFile {
  result: RunResult;
  range: Range;
  seconds: number | null;
  best: { input: VariantReportInput; drawn: Drawn } | null;
}

/** What `run --html` writes: the answer over REST, and what is drawn of its best variant. */
export interface RestReport {
  answer: Record<string, unknown>;
  range: Range;
  seconds: number;
  curve: unknown[];
  months: unknown[];
  signal: unknown[];
  indicator_signals: unknown[];
  bars: { bars_per_point: number; points: unknown[] };
}

export function readReport(value: ReportFile | RestReport): ReportFile {
  if (!("answer" in value)) return value;
  const result = toAnswer(value.answer);
  const [best] = result.variants;
  const report = best?.report as Drawn["report"] | null | undefined;
  if (!best || !report) return { result, range: value.range, seconds: value.seconds, best: null };
  const drawn: Drawn = {
    report: {
      ...report,
      equityCurve: toCamel(value.curve) as Drawn["report"]["equityCurve"],
      returnsByMonth: toCamel(value.months) as Drawn["report"]["returnsByMonth"],
      signal: toCamel(value.signal) as Drawn["report"]["signal"],
      indicatorSignals: toCamel(value.indicator_signals) as Drawn["report"]["indicatorSignals"],
    },
    bars: toCamel(value.bars.points) as Drawn["bars"],
    barsPerPoint: value.bars.bars_per_point,
  };
  const input = reportInput(result, best, value.range);
  return { result, range: value.range, seconds: value.seconds, best: { input, drawn } };
}

/** The page with the report in it; nothing of it can end the script that it stands in. */
export function filled(page: string, report: ReportFile): string {
  const text = JSON.stringify(report).replaceAll("<", "\\u003c");
  return page.replace("{{report}}", () => text);
}
