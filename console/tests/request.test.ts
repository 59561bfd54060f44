import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  buildSchema,
  coerceInputValue,
  isInputObjectType,
  parse,
  TypeInfo,
  validate,
  valueFromAST,
  visit,
  visitWithTypeInfo,
} from "graphql";
import { type Form, firstForm, usualIndicator } from "../src/form/form";
import { fromRest, readForm } from "../src/form/read";
import { toGraphql, toMoment, toRest, toScalar, toValues } from "../src/form/request";
import { laidOut, spelled } from "../src/form/spellings";

const form: Form = {
  ...firstForm(1, "DEMOUSDT", "2024-02-01", "2025-01-01"),
  execution: {
    init_cash_quote: "5000",
    fee_pct: " ",
    slippage_pct: "",
    fixed_quote: "",
    safe_profit_percent: "",
  },
  primary: "MAX_DRAWDOWN_PCT",
  limits: { top_k: "5", preselect: "", warmup_bars: "", min_trades: "", prior_trials: "" },
  distinct: false,
  evidence: true,
};

test("the REST request holds what was filled in and nothing else", () => {
  assert.deepEqual(toRest(form), {
    time_range: { start: "2024-02-01T00:00:00Z", end: "2025-01-01T00:00:00Z" },
    top_k: 5,
    ranking: { primary_metric: "max_drawdown_pct" },
    include: ["evidence"],
    template: {
      instrument_id: { market_id: 1, symbol: "DEMOUSDT" },
      timeframe: "4h",
      indicator_grids: [
        {
          indicator_id: "ma.ema",
          source: { mode: "explicit", values: ["close"] },
          params: { window: { mode: "range", start: 10, stop_incl: 200, step: 10 } },
        },
        {
          indicator_id: "momentum.rsi",
          source: { mode: "explicit", values: ["close"] },
          params: { window: { mode: "range", start: 10, stop_incl: 40, step: 2 } },
        },
      ],
      direction_mode: "long-short",
      sizing_mode: "all_in",
      execution: { init_cash_quote: 5000 },
      risk_grid: {
        sl_enabled: true,
        tp_enabled: false,
        sl: { mode: "explicit", values: [1, 2, 4] },
      },
      signal_grids: {
        "momentum.rsi": {
          long_threshold: { mode: "explicit", values: [52, 55, 60] },
          short_threshold: { mode: "explicit", values: [40, 45, 48] },
        },
      },
    },
  });
});

test("the GraphQL input spells the same request", () => {
  const { template } = toGraphql(form);
  assert.ok(template);
  assert.deepEqual(template.timeRange, toRest(form).time_range);
  assert.equal(template.topK, 5);
  assert.deepEqual(template.ranking, { primaryMetric: "MAX_DRAWDOWN_PCT" });
  assert.deepEqual(template.execution, { initCashQuote: 5000 });
  assert.deepEqual(template.indicatorGrids[0]?.params, [
    { name: "window", axis: { range: { start: 10, stopIncl: 200, step: 10 } } },
  ]);
  assert.deepEqual(template.riskGrid, {
    slEnabled: true,
    tpEnabled: false,
    sl: { explicit: { values: [1, 2, 4] } },
  });
  assert.equal(template.signalGrids?.[0]?.indicatorId, "momentum.rsi");
});

test("a saved request comes back as the same form", () => {
  const back = fromRest(JSON.parse(JSON.stringify(toRest(form))));
  assert.ok(back);
  assert.deepEqual(toRest(back), toRest(form));
  assert.deepEqual(readForm(JSON.parse(JSON.stringify(form))), form);
});

test("what is no form is none", () => {
  for (const value of [null, [], {}, { indicators: [] }, { indicators: "x", timeframe: "H4" }]) {
    assert.equal(readForm(value), undefined);
    assert.equal(fromRest(value), undefined);
  }
});

test("numbers are numbers and everything else stays for the service to judge", () => {
  assert.deepEqual(toValues("1, 2.5;x  -3 1e2"), [1, 2.5, "x", -3, 100]);
  assert.equal(toScalar("12abc"), "12abc");
  assert.equal(toScalar(""), "");
});

test("a day is its first moment in UTC", () => {
  assert.equal(toMoment("2024-02-01"), "2024-02-01T00:00:00Z");
  assert.equal(toMoment("2024-02-01T10:30"), "2024-02-01T10:30:00Z");
  assert.equal(toMoment("soon"), "soon");
});

test("what is copied names the page's own address", () => {
  for (const spelling of ["curl", "Python"] as const) {
    assert.match(spelled(form, spelling, "http://127.0.0.1:9"), /127\.0\.0\.1:9\/backtests/);
  }
  assert.deepEqual(JSON.parse(spelled(form, "REST", "")), toRest(form));
});

test("what is copied as GraphQL runs as it is, and asks for the same", () => {
  const schema = buildSchema(readFileSync("../schema/schema.graphql", "utf8"));
  for (const evidence of [true, false]) {
    const asked: Form = { ...form, secondary: "SHARPE", sizing: "PROFIT_LOCK", evidence };
    const document = parse(spelled(asked, "GraphQL", ""));
    assert.deepEqual(validate(schema, document), []);
    const types = new TypeInfo(schema);
    const given: unknown[] = [];
    visit(
      document,
      visitWithTypeInfo(types, {
        Argument(node) {
          const type = types.getInputType();
          if (node.name.value === "input" && type) given.push(valueFromAST(node.value, type));
        },
      }),
    );
    const type = schema.getType("RunBacktestInput");
    assert.ok(isInputObjectType(type));
    assert.deepEqual(plain(given), plain([coerceInputValue(toGraphql(asked), type)]));
  }
});

/** Without the prototypes that parsing leaves out. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test("laid out JSON is the same JSON", () => {
  const value = { a: [1, -2, { b: "x,y" }], c: null, d: "z".repeat(90) };
  assert.deepEqual(JSON.parse(laidOut(value)), value);
  assert.ok(laidOut(value).includes("\n"));
});

test("an indicator that is added has its usual value alone", () => {
  const row = { id: "trend.adx", params: [{ name: "window", default: 14 }] };
  const rest = toRest({ ...form, indicators: [usualIndicator(row)] });
  assert.deepEqual(rest.template.indicator_grids, [
    { indicator_id: "trend.adx", params: { window: { mode: "explicit", values: [14] } } },
  ]);
});
