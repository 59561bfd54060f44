// What the evidence of all tried variants says of one of them.
import type { RunResult, Variant } from "./variants";

type Against = "againstCash" | "againstHolding";

/** How likely the best skill-less variant looks as good as this one; null where it is not known. */
export function adjustedP(result: RunResult, place: number, against: Against): number | null {
  const found = result.evidence?.realityCheck?.[against]?.adjusted;
  return found?.find((entry) => entry.place === place)?.pValue ?? null;
}

export function pText(value: number | null): string {
  return value === null ? "–" : value.toFixed(3);
}

/** `the same trades as 11 others: sl_pct 1, 2, 4`; nothing where it stands for itself alone. */
export function standsFor({ sameAs }: Pick<Variant, "sameAs">): string | null {
  if (!sameAs || sameAs.nOthers === 0) return null;
  const axes = sameAs.axes.map(
    ({ indicatorId, name, values }) =>
      `${indicatorId ? `${indicatorId}.` : ""}${name} ${values.join(", ")}`,
  );
  const others = sameAs.nOthers === 1 ? "one other" : `${sameAs.nOthers} others`;
  return `the same trades as ${others}${axes.length > 0 ? `: ${axes.join("; ")}` : ""}`;
}
