import assert from "node:assert/strict";
import { test } from "node:test";
import { FaceError } from "../src/face/ask";
import { byField, elsewhere, fieldOf, under } from "../src/form/problems";

const input = {
  template: {
    indicatorGrids: [
      { indicatorId: "ma.ema", params: [{ name: "window", axis: { range: { step: 0 } } }] },
    ],
    signalGrids: [
      { indicatorId: "momentum.rsi", params: [{ name: "long_threshold", axis: { explicit: {} } }] },
    ],
  },
};

const places: [path: string, field: string][] = [
  ["input.template.timeRange.start", "time_range.start"],
  [
    "input.template.indicatorGrids.0.params.0.axis.range.step",
    "indicator_grids.0.params.window.step",
  ],
  ["input.template.indicatorGrids.0.indicatorId", "indicator_grids.0.indicator_id"],
  [
    "input.template.signalGrids.0.params.0.axis.explicit.values.1",
    "signal_grids.momentum.rsi.long_threshold.values.1",
  ],
  ["input.template.riskGrid.sl.explicit.values", "risk_grid.sl.values"],
  ["input.template.topK", "top_k"],
];

for (const [path, field] of places) {
  test(`${path} is about ${field}`, () => {
    assert.equal(fieldOf(path, input), field);
  });
}

test("a mistake stands at its field, and what has no field is told apart", () => {
  const found = byField(
    [
      { path: "input.template.topK", code: "x", message: "too few" },
      { path: "input.template.timeRange", code: "x", message: "no candle" },
    ],
    input,
  );
  assert.deepEqual(under(found, "top_k"), ["too few"]);
  assert.deepEqual(under(found, "top"), []);
  assert.deepEqual(elsewhere(found, ["top_k", "time_range.start"]), ["no candle"]);
});

test("a mistake is told without the words of the validator", () => {
  const told = new FaceError("validation_error", "Validation failed", {
    errors: [
      { path: "input", code: "value_error", message: "Value error, start must be before end" },
      { path: "input", code: "datetime_parsing", message: "Input should be a valid datetime" },
    ],
  }).problems.map(({ message }) => message);
  assert.deepEqual(told, [
    "start must be before end",
    "write a day such as 2024-01-31, or a moment such as 2024-01-31T10:00",
  ]);
});
