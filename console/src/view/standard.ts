// The usual ratios, by the definitions of other tools: of daily returns, over a year of 365 days.
// Three of the 25 rows have nearly the same names and other definitions; the service ranks by these.
import type { VariantQuery } from "../../generated/face";

export type Standard = VariantQuery["variantReport"]["standard"];
type Named = Omit<Standard, "reasons">;

export const STANDARD: readonly (readonly [keyof Named, string])[] = [
  ["sharpe", "Sharpe"],
  ["sortino", "Sortino"],
  ["calmar", "Calmar"],
  ["cagrPct", "Annual growth [%]"],
  ["annualVolatilityPct", "Annual volatility [%]"],
  ["profitFactor", "Profit factor"],
  ["payoff", "Payoff"],
  ["longestLosingRun", "Longest losing streak"],
  ["exposurePct", "Exposure [%]"],
];

/** The member that a title stands for; undefined for a row of the report. */
export function standardName(title: string): keyof Named | undefined {
  return STANDARD.find(([, known]) => known === title)?.[0];
}

/** Two decimals, so that they line up in a list; counts stay whole. */
export function standardText(standard: Partial<Named> | null | undefined, title: string): string {
  const name = standardName(title);
  const value = name && standard?.[name];
  if (value == null) return "–";
  return name === "longestLosingRun" ? String(value) : value.toFixed(2);
}

/** Why a ratio has no number, in the words of the service. */
export function whyMissing(standard: Standard, name: keyof Named): string | undefined {
  const rest = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return standard.reasons.find((found) => found.name === rest)?.reason;
}
