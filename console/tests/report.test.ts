import assert from "node:assert/strict";
import { test } from "node:test";
import { filled, type ReportFile } from "../src/report/reportFile";
import { toAnswer, toCamel } from "../src/report/restAnswer";

test("an answer over REST becomes the one that GraphQL gives", () => {
  const answer = toAnswer({
    mode: "template",
    instrument_id: { market_id: 1, symbol: "DEMO_USDT" },
    timeframe: "15m",
    stage_a_variants: 3,
    grid_request_hash: null,
    variants: [
      {
        total_return_pct: 1.5,
        report: {
          rows: [{ metric: "SQN", value: "N/A" }],
          metrics: { SQN: null, "Win Rate [%]": 25 },
        },
        payload: {
          indicator_selections: [
            { indicator_id: "ma.ema", inputs: { source: "close" }, params: { window: 20 } },
          ],
          signals: { "momentum.rsi": { long_threshold: 52 } },
          direction_mode: "long-only",
          sizing_mode: "strategy_compound",
        },
      },
    ],
  });
  assert.deepEqual(answer as unknown, {
    mode: "TEMPLATE",
    instrumentId: { marketId: 1, symbol: "DEMO_USDT" },
    timeframe: "M15",
    stageAVariants: 3,
    gridRequestHash: null,
    variants: [
      {
        totalReturnPct: 1.5,
        report: {
          rows: [{ metric: "SQN", value: "N/A" }],
          metrics: [
            { metric: "SQN", value: null },
            { metric: "Win Rate [%]", value: 25 },
          ],
        },
        payload: {
          indicatorSelections: [
            {
              indicatorId: "ma.ema",
              inputs: [{ name: "source", value: "close" }],
              params: [{ name: "window", value: 20 }],
            },
          ],
          signals: [
            { indicatorId: "momentum.rsi", params: [{ name: "long_threshold", value: 52 }] },
          ],
          directionMode: "LONG_ONLY",
          sizingMode: "COMPOUND",
        },
      },
    ],
  });
});

test("trades keep their sides and reasons as GraphQL names them", () => {
  const trade = { trade_id: 1, direction: "short", exit_reason: "signal_exit", entry_ts: "2024" };
  assert.deepEqual(toCamel([trade]), [
    { tradeId: 1, direction: "SHORT", exitReason: "SIGNAL_EXIT", entryTs: "2024" },
  ]);
});

test("nothing in a report ends the script that holds it", () => {
  const hostile = { result: { title: "</script><b>$&" } } as unknown as ReportFile;
  const page = filled("<script>{{report}}</script>", hostile);
  assert.equal(page.match(/</g)?.length, 2);
  assert.deepEqual(JSON.parse(page.slice(8, -9)), hostile);
});
