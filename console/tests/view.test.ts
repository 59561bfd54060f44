import assert from "node:assert/strict";
import { test } from "node:test";
import { packed, unpacked } from "../src/form/link";
import { brief, bytes, price, seconds } from "../src/view/format";
import { barsOf, heldSides, histogram, lastInBar } from "../src/view/series";
import { described, inCommon, metric, sorted, type Variant } from "../src/view/variants";

test("a link brings back what it carried, in any language", () => {
  const value = { symbol: "ÄÖ→𝄞", n: [1, null] };
  assert.deepEqual(unpacked(packed(value)), value);
  assert.match(packed(value), /^[\w-]+$/);
  assert.equal(unpacked("%%%"), undefined);
});

test("a close belongs to the bar that opened last before it", () => {
  assert.deepEqual(barsOf([0, 10, 20], [5, 10, 11, 20, 30, 3]), [0, 0, 1, 1, 2, 0]);
  assert.deepEqual(barsOf([], [5]), [0]);
});

test("of several values in a bar the last one is drawn", () => {
  assert.deepEqual(lastInBar([0, 10], [5, 10, 15], ["a", "b", "c"]), [
    { place: 0, value: "b" },
    { place: 1, value: "c" },
  ]);
});

test("a side is held from the close of its entry to the close of its exit", () => {
  const at = (ms: number) => new Date(ms).toISOString();
  const trades = [
    { direction: "LONG", entryTs: at(10), exitTs: at(30) },
    { direction: "SHORT", entryTs: at(30), exitTs: at(40) },
  ];
  assert.deepEqual(heldSides(trades, [0, 10, 20, 30, 40]), [1, 1, -1, 0, 0]);
});

test("a histogram counts every value once", () => {
  const steps = histogram([0, 1, 1, 2, 4], 4);
  assert.deepEqual(
    steps.map((step) => step.n),
    [1, 2, 1, 1],
  );
  assert.deepEqual([steps[0]?.from, steps[3]?.to], [0, 4]);
  assert.equal(histogram([3, 3], 2)[0]?.n, 2);
  assert.deepEqual(histogram([], 4), []);
});

test("sizes and times carry their units", () => {
  assert.equal(bytes(11_231_936), "10.7 MiB");
  assert.equal(bytes(512), "512 B");
  assert.equal(seconds(0.02), "< 0.1 s");
  assert.equal(seconds(90), "90 s");
  assert.equal(seconds(600), "10 min");
  assert.equal(brief(112_320), "112,320");
  assert.equal(brief(1.25e9), "1.3B");
  assert.equal(price(0.00001234), "0.00001234");
});

const variant = (sqn: number | null) =>
  ({ report: { metrics: [{ metric: "SQN", value: sqn }], rows: [] } }) as unknown as Variant;

const sqn = (variant: Variant) => metric(variant, "SQN");

test("variants without a number come last in either direction", () => {
  const variants = [variant(1), variant(null), variant(3), variant(1)];
  assert.deepEqual(sorted(variants, sqn, true), [2, 0, 3, 1]);
  assert.deepEqual(sorted(variants, sqn, false), [0, 3, 2, 1]);
});

test("a variant is told in one line", () => {
  const told = described({
    indicatorSelections: [
      { indicatorId: "ma.ema", source: "hlc3", params: [{ name: "window", value: 20 }] },
      { indicatorId: "momentum.rsi", source: "close", params: [{ name: "window", value: 14 }] },
    ],
    signals: [
      {
        indicatorId: "momentum.rsi",
        params: [
          { name: "long_threshold", value: 52 },
          { name: "short_threshold", value: 48 },
        ],
      },
    ],
    risk: { slEnabled: true, slPct: 2, tpEnabled: false },
  });
  assert.equal(told, "ma.ema 20 of hlc3 · momentum.rsi 14 (52/48) · sl 2 %");
});

test("what all long names have in common is told once, and short names stay whole", () => {
  const long = ["trend.adx 20 14 (-1/-1)", "momentum.stoch 3 14 3 (20/80)"];
  const names = [
    [...long, "ma.ema 20"],
    [...long, "ma.ema 30"],
  ];
  assert.deepEqual(inCommon(names), long);
  assert.deepEqual(
    inCommon([
      ["ma.ema 20", "sl 1 %"],
      ["ma.ema 20", "sl 2 %"],
    ]),
    [],
  );
  assert.deepEqual(inCommon(names.slice(0, 1)), []);
  assert.deepEqual(inCommon([[...long], [...long]]), []);
});
