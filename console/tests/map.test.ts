import assert from "node:assert/strict";
import { test } from "node:test";
import { axisTitle, shortTitle, twoThatExplainMost, valueOn, withAxis } from "../src/map/axes";
import { colourScale } from "../src/map/colours";
import type { Variant } from "../src/view/variants";

test("a map of gains and losses is coloured equally far to both sides of zero", () => {
  const colour = colourScale([-5, 10, 0, null]);
  assert.deepEqual(colour(10), { side: "gain", strength: 1 });
  assert.deepEqual(colour(-5), { side: "loss", strength: 0.5 });
  assert.deepEqual(colour(0), { side: "none", strength: 0 });
  assert.deepEqual(colour(null), { side: "none", strength: 0 });
});

test("returns of one sign use the whole scale, and none is left without a colour", () => {
  const gains = colourScale([40, 42.5, 45]);
  assert.deepEqual(gains(40), { side: "gain", strength: 0.1 });
  assert.deepEqual(gains(42.5), { side: "gain", strength: 0.55 });
  assert.deepEqual(gains(45), { side: "gain", strength: 1 });
  const losses = colourScale([-45, -40]);
  assert.deepEqual(losses(-45), { side: "loss", strength: 1 });
  assert.deepEqual(losses(-40), { side: "loss", strength: 0.1 });
});

test("a map of one return, or of none, has a scale", () => {
  assert.deepEqual(colourScale([3, 3])(3), { side: "gain", strength: 1 });
  assert.deepEqual(colourScale([null])(null), { side: "none", strength: 0 });
  assert.deepEqual(colourScale([0])(0), { side: "none", strength: 0 });
});

test("a map begins with the axes that explain most, equal ones in the order of the grid", () => {
  const axes = [
    { name: "a", share: 0.1 },
    { name: "b", share: null },
    { name: "c", share: 0.6 },
    { name: "d", share: 0.1 },
  ];
  assert.deepEqual(twoThatExplainMost(axes), { x: "c", y: "a" });
  assert.equal(twoThatExplainMost(axes.slice(0, 1)), null);
});

test("an axis has a title with the unit, and a short one", () => {
  assert.equal(shortTitle("signals.momentum.rsi.long_threshold"), "rsi long threshold");
  assert.equal(shortTitle("ma.ema.window"), "ema window");
  assert.equal(axisTitle("ma.ema.window"), "ma.ema window");
  assert.equal(shortTitle("sl_pct"), "stop-loss %");
});

test("an axis that stands on the other side changes places with this one", () => {
  assert.deepEqual(withAxis({ x: "a", y: "b" }, "x", "c"), { x: "c", y: "b" });
  assert.deepEqual(withAxis({ x: "a", y: "b" }, "x", "b"), { x: "b", y: "a" });
  assert.deepEqual(withAxis({ x: "a", y: "b" }, "y", "a"), { x: "b", y: "a" });
});

test("a variant is found on every kind of axis", () => {
  const best = {
    payload: {
      indicatorSelections: [
        {
          indicatorId: "ma.ema",
          inputs: [{ name: "source", value: "hlc3" }],
          params: [{ name: "window", value: 20 }],
        },
      ],
      signals: [{ indicatorId: "ma.ema", params: [{ name: "window", value: 3 }] }],
      risk: { slEnabled: true, slPct: 2, tpEnabled: false, tpPct: null },
    },
  } as unknown as Variant;
  const axes = ["ma.ema.window", "ma.ema.source", "signals.ma.ema.window", "sl_pct", "tp_pct", "x"];
  assert.deepEqual(
    axes.map((axis) => valueOn(best, axis)),
    [20, "hlc3", 3, 2, undefined, undefined],
  );
});

test("a level of zero is a level, and one that is off is none", () => {
  const risk = { slEnabled: true, slPct: 0, tpEnabled: false, tpPct: 0 };
  const best = { payload: { indicatorSelections: [], signals: [], risk } } as unknown as Variant;
  assert.deepEqual(
    ["sl_pct", "tp_pct"].map((axis) => valueOn(best, axis)),
    [0, undefined],
  );
});
