import assert from "node:assert/strict";
import { test } from "node:test";
import { type Changes, changesTold, NO_CHANGES, toOverrides } from "../src/form/overrides";

const changed = (changes: Partial<Changes>) => toOverrides({ ...NO_CHANGES, ...changes });

test("what is left alone is not sent", () => {
  assert.equal(changed({}), undefined);
  assert.equal(changesTold(undefined), "");
});

test("every change goes where the service takes it", () => {
  const overrides = changed({
    direction: "LONG_ONLY",
    sizing: "FIXED_QUOTE",
    execution: { ...NO_CHANGES.execution, fee_pct: "0.2", fixed_quote: " 500 " },
    stops: "these",
    takeProfit: { isOn: true, axis: { mode: "range", start: "1", stop: "3", step: "0.5" } },
  });
  assert.deepEqual(overrides, {
    directionMode: "LONG_ONLY",
    sizingMode: "FIXED_QUOTE",
    execution: { feePct: 0.2, fixedQuote: 500 },
    riskGrid: {
      slEnabled: true,
      tpEnabled: true,
      sl: { explicit: { values: [2] } },
      tp: { range: { start: 1, stopIncl: 3, step: 0.5 } },
    },
  });
  assert.equal(changesTold(overrides), " (other direction, size, money and costs, stops)");
});

test("no stops at all differ from those that were saved", () => {
  assert.deepEqual(changed({ stops: "none" }), {
    riskGrid: { slEnabled: false, tpEnabled: false },
  });
});

test("a scalar that the sizing does not know is not sent, and a text that is no number is", () => {
  const execution = { ...NO_CHANGES.execution, fixed_quote: "500", slippage_pct: "much" };
  assert.deepEqual(changed({ sizing: "COMPOUND", execution }), {
    sizingMode: "COMPOUND",
    execution: { slippagePct: "much" },
  });
  assert.deepEqual(changed({ execution }), {
    execution: { fixedQuote: 500, slippagePct: "much" },
  });
});
