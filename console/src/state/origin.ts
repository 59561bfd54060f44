// Where a variant comes from: the answer that returned it, if this browser still has it.
import type { VariantReportInput } from "../../generated/face";
import { type RunResult, reportInput, type Variant } from "../view/variants";
import { type Asked, run } from "./run";

export interface Origin {
  asked: Asked;
  result: RunResult;
  variant: Variant;
  /** Its place in the answer, from 0. */
  place: number;
}

export function originOf(input: VariantReportInput): Origin | null {
  const now = run.value;
  if (now.state !== "done") return null;
  const { asked, result } = now;
  const wanted = JSON.stringify(input);
  const place = result.variants.findIndex(
    (variant) => JSON.stringify(reportInput(result, variant, asked.range)) === wanted,
  );
  const variant = result.variants[place];
  return variant ? { asked, result, variant, place } : null;
}
