import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { RunBacktestInput } from "../generated/face";
import { type Pins, pinnedRun, pinnedVariant, returnedIn } from "../src/map/pin";
import type { Variant } from "../src/view/variants";

const INPUT: RunBacktestInput = {
  template: {
    timeRange: { start: "2024-01-01T00:00:00Z", end: "2024-06-01T00:00:00Z" },
    instrumentId: { marketId: 1, symbol: "DEMOUSDT" },
    timeframe: "H4",
    topK: 300,
    distinct: true,
    ranking: { primaryMetric: "SHARPE" },
    indicatorGrids: [
      {
        indicatorId: "ma.ema",
        params: [{ name: "window", axis: { explicit: { values: [5, 9] } } }],
      },
      { indicatorId: "momentum.rsi" },
    ],
    riskGrid: { slEnabled: true, tpEnabled: false, sl: { explicit: { values: [1, 2] } } },
  },
};
const PAYLOAD: Variant["payload"] = {
  indicatorSelections: [
    {
      indicatorId: "ma.ema",
      inputs: [{ name: "source", value: "close" }],
      params: [{ name: "window", value: 9 }],
    },
  ],
  signals: [{ indicatorId: "momentum.rsi", params: [{ name: "long_threshold", value: 55 }] }],
  risk: { slEnabled: true, slPct: 2, tpEnabled: false, tpPct: null },
  execution: {
    initCashQuote: 100,
    fixedQuote: 10,
    safeProfitPercent: 0,
    feePct: 0.1,
    slippagePct: 0.01,
  },
  directionMode: "LONG_SHORT",
  sizingMode: "ALL_IN",
};
const held = (value: string | number) => ({ explicit: { values: [value] } });
const run = (pins: Pins) => pinnedRun(INPUT, pins)?.template;

test("a pinned run asks for the best by return of what has the values, and nothing is left out", () => {
  const asked = run({ "ma.ema.window": 9, "momentum.rsi.window": 14 });

  deepEqual(asked?.indicatorGrids, [
    { indicatorId: "ma.ema", params: [{ name: "window", axis: held(9) }] },
    { indicatorId: "momentum.rsi", params: [{ name: "window", axis: held(14) }] },
  ]);
  deepEqual([asked?.topK, asked?.ranking], [1, { primaryMetric: "TOTAL_RETURN_PCT" }]);
  equal(asked?.distinct, undefined);
  equal(asked?.riskGrid, undefined);
});

test("a map with a stop axis keeps its stops, one without has none", () => {
  deepEqual(run({ sl_pct: 2 })?.riskGrid, { slEnabled: true, tpEnabled: false, sl: held(2) });
  equal(run({ "ma.ema.source": "close" })?.riskGrid, undefined);
});

test("signals and sources are held where the request has them", () => {
  const asked = run({ "signals.momentum.rsi.long_threshold": 55, "ma.ema.source": "close" });

  deepEqual(asked?.signalGrids, [
    { indicatorId: "momentum.rsi", params: [{ name: "long_threshold", axis: held(55) }] },
  ]);
  deepEqual([asked?.indicatorGrids].flat()[0]?.source, held("close"));
});

test("a saved strategy has indicators that no run changes", () => {
  const saved = { strategyId: "7c9e6679-7425-40de-944b-e07fc1f90ae7" };
  const range = { start: "2024-01-01T00:00:00Z", end: "2024-06-01T00:00:00Z" };
  equal(pinnedRun({ saved: { ...saved, timeRange: range } }, { sl_pct: 1 }), null);
});

test("a cell of a slice is the best variant with other values", () => {
  const moved = pinnedVariant(PAYLOAD, {
    "ma.ema.window": 5,
    "signals.momentum.rsi.long_threshold": 60,
  });

  equal(moved.indicatorSelections[0]?.params[0]?.value, 5);
  equal(moved.signals[0]?.params[0]?.value, 60);
  equal(moved.risk.slEnabled, false);
  deepEqual(pinnedVariant(PAYLOAD, { sl_pct: 1 }).risk, { ...PAYLOAD.risk, slPct: 1 });
});

test("a returned variant is that of a cell only with its values, its stops and its return", () => {
  const variant = { payload: PAYLOAD, totalReturnPct: 12.345 } as Variant;
  const found = (pins: Pins, told: number) => returnedIn([variant], pins, told);

  equal(found({ sl_pct: 2 }, 12.3449), variant);
  equal(found({ sl_pct: 2 }, 12.4), undefined);
  equal(found({ sl_pct: 1 }, 12.345), undefined);
  equal(found({ "ma.ema.window": 9 }, 12.345), undefined);
});
