// What a run costs with what the page asks for beside the variants.
import type { EstimateQuery } from "../../generated/face";

export type Estimate = EstimateQuery["estimateBacktest"];

export interface Cost {
  bytes: number;
  /** Of one processor. */
  seconds: number;
  /** Whether the evidence alone takes it over the limit on memory. */
  isEvidenceTooMuch: boolean;
  isAllowed: boolean;
}

export function costOf(estimate: Estimate, withEvidence: boolean): Cost {
  const evidence = estimate.parts.find(({ part }) => part === "EVIDENCE");
  const added = withEvidence && evidence ? evidence : { bytes: 0, processorSeconds: 0 };
  const bytes = estimate.estimatedBytes + added.bytes;
  const isEvidenceTooMuch = estimate.isAllowed && bytes > estimate.maxBytes;
  return {
    bytes,
    seconds: estimate.processorSeconds + added.processorSeconds,
    isEvidenceTooMuch,
    isAllowed: estimate.isAllowed && !isEvidenceTooMuch,
  };
}
