import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { asRun } from "../src/form/oneVariant";
import { blockStart } from "../src/view/folds";
import { adjustedP, standsFor } from "../src/view/luck";
import { together } from "../src/view/months";
import type { RunResult } from "../src/view/variants";

const TIMES = { start: "2024-01-01T00:00:00Z", end: "2024-06-01T00:00:00Z" };
const held = (value: string | number) => ({ explicit: { values: [value] } });

test("a variant alone is a grid of one value on every axis", () => {
  const { template } = asRun({
    timeRange: TIMES,
    instrumentId: { marketId: 1, symbol: "DEMOUSDT" },
    timeframe: "H4",
    indicatorSelections: [
      { indicatorId: "ma.ema", source: "close", params: [{ name: "window", value: 20 }] },
    ],
    signals: [{ indicatorId: "ma.ema", params: [{ name: "delta_periods", value: 2 }] }],
    risk: { slEnabled: true, slPct: 2, tpEnabled: false, tpPct: null },
  });
  deepEqual(template?.indicatorGrids, [
    {
      indicatorId: "ma.ema",
      source: held("close"),
      params: [{ name: "window", axis: held(20) }],
    },
  ]);
  deepEqual(template?.signalGrids, [
    { indicatorId: "ma.ema", params: [{ name: "delta_periods", axis: held(2) }] },
  ]);
  deepEqual(template?.riskGrid, { slEnabled: true, tpEnabled: false, sl: held(2) });
});

test("blocks begin with a bar: the slice begins with the first bar inside the range", () => {
  const slice = { start: "2024-01-01T01:00:00Z", timeframe: "H4" as const, nBars: 100 };
  const at = (block: number) => new Date(blockStart(block, slice)).toISOString().slice(0, 16);
  equal(at(0), "2024-01-01T04:00");
  // 32 * 100 / 64 bars of four hours
  equal(at(32), "2024-01-09T12:00");
  equal(at(64), "2024-01-17T20:00");
});

test("months make up their year one after the other, and one without a return leaves none", () => {
  const month = (number: number, returnPct: number | null) => ({
    year: 2024,
    month: number,
    returnPct,
  });
  equal(together([month(1, 10), month(2, -50)])?.toFixed(6), "-45.000000");
  equal(together([month(1, 10), month(2, null)]), null);
});

test("the adjusted p of a variant is found by its place", () => {
  const adjusted = [
    { place: 1, pValue: 0.25, reason: null },
    { place: 0, pValue: null, reason: "it was ruined" },
  ];
  const result = {
    evidence: { realityCheck: { againstCash: { nCompared: 2, adjusted }, againstHolding: null } },
  } as unknown as RunResult;
  equal(adjustedP(result, 1, "againstCash"), 0.25);
  equal(adjustedP(result, 0, "againstCash"), null);
  equal(adjustedP(result, 1, "againstHolding"), null);
  equal(adjustedP({ evidence: null } as RunResult, 0, "againstCash"), null);
});

test("a variant says what it stands for, and nothing where it is alone", () => {
  const axes = [{ indicatorId: null, name: "sl_pct", values: [1, 2] }];
  equal(standsFor({ sameAs: { nOthers: 1, axes } }), "the same trades as one other: sl_pct 1, 2");
  equal(standsFor({ sameAs: { nOthers: 0, axes: [] } }), null);
  equal(standsFor({ sameAs: null }), null);
});
