import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { costOf, type Estimate } from "../src/form/cost";

const ESTIMATE = {
  estimatedBytes: 100,
  maxBytes: 150,
  isAllowed: true,
  processorSeconds: 2,
  parts: [
    { part: "LANDSCAPE", bytes: 7, processorSeconds: 1 },
    { part: "EVIDENCE", bytes: 40, processorSeconds: 3 },
  ],
} as Estimate;

test("the cost counts the evidence only where it is asked for", () => {
  const plain = { isEvidenceTooMuch: false, isAllowed: true };
  deepEqual(costOf(ESTIMATE, true), { bytes: 140, seconds: 5, ...plain });
  deepEqual(costOf(ESTIMATE, false), { bytes: 100, seconds: 2, ...plain });
});

test("evidence can take a run over the limit, and a run can be over it without", () => {
  const tight = { ...ESTIMATE, maxBytes: 130 };
  deepEqual(costOf(tight, true), {
    bytes: 140,
    seconds: 5,
    isEvidenceTooMuch: true,
    isAllowed: false,
  });
  const refused = costOf({ ...tight, isAllowed: false }, true);
  deepEqual([refused.isAllowed, refused.isEvidenceTooMuch], [false, false]);
});
