// The form: what to try, what it would cost, and the request as text.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { RankingMetric } from "../../generated/face";
import { EXECUTION, type ExecutionName, type Form, LIMITS, type LimitName } from "../form/form";
import { DIRECTIONS, EXECUTION_LABELS, SIZINGS } from "../form/labels";
import { byField, elsewhere } from "../form/problems";
import {
  begin,
  change,
  counted,
  countSoon,
  form,
  loadPrices,
  readLink,
  runForm,
  seriesOfForm,
} from "../state/draft";
import { catalog, instruments, type Loaded, load } from "../state/loaded";
import { go, route } from "../state/route";
import { run } from "../state/run";
import { Mistakes, SelectField, TextField } from "../view/field";
import { Empty, Loading, Trouble } from "../view/states";
import { AxisEditor } from "./axis";
import { Cost } from "./cost";
import { Indicators } from "./indicators";
import { InstrumentFields } from "./instrument";
import { RequestText } from "./requestText";

type Catalog = Extract<typeof catalog.value, { state: "ready" }>["value"];

const RANKINGS: readonly (readonly [RankingMetric, string])[] = [
  ["TOTAL_RETURN_PCT", "Total return, highest first"],
  ["MAX_DRAWDOWN_PCT", "Max. drawdown, lowest first"],
  ["RETURN_OVER_MAX_DRAWDOWN", "Return over max. drawdown"],
  ["PROFIT_FACTOR", "Profit factor"],
  ["SHARPE", "Sharpe ratio"],
  ["SORTINO", "Sortino ratio"],
  ["CALMAR", "Calmar ratio"],
  ["CAGR_PCT", "Annual growth"],
];

const LIMIT_LABELS: Record<LimitName, readonly [label: string, unit: string]> = {
  top_k: ["Return at most", "variants"],
  preselect: ["Try stop-loss and take-profit on", "variants"],
  warmup_bars: ["Warm-up", "bars"],
  min_trades: ["Require at least", "trades"],
  prior_trials: ["Prior trials", "variants"],
};

export function Ask() {
  const [isDamaged, setDamaged] = useState(false);
  const { carried } = route.value;
  useEffect(() => {
    if (carried !== "") setDamaged(!readLink(carried));
  }, [carried]);
  const stored = instruments.value;
  useEffect(() => {
    if (stored.state === "ready") begin(stored.value);
  }, [stored]);
  const failed = firstFailure(catalog.value, stored);
  if (failed) return <Trouble error={failed} retry={() => void load()} />;
  if (catalog.value.state !== "ready" || stored.state !== "ready") {
    return <Loading what="Reading the catalog and what is stored …" />;
  }
  if (stored.value.length === 0 || form.value === null) return <NoCandles />;
  return (
    <>
      {isDamaged && (
        <p class="state trouble" role="alert">
          The link is damaged; the form shows what was there before.
        </p>
      )}
      <Filled form={form.value} catalog={catalog.value.value} />
    </>
  );
}

function firstFailure(...loads: Loaded<unknown>[]) {
  for (const loaded of loads) if (loaded.state === "failed") return loaded.error;
  return undefined;
}

function NoCandles() {
  return (
    <Empty title="No candles yet">
      <p>A backtest needs candles. Get some on the machine that runs the service:</p>
      <ol class="ways">
        <li>
          To try things, make a synthetic market:
          <pre>roehub-backtest candles generate --symbol DEMOUSDT</pre>
        </li>
        <li>
          Download real candles from the archive of the exchange:
          <pre>roehub-backtest candles download --market-id 1 --symbol BTCUSDT --from 2023-01</pre>
        </li>
        <li>
          Import files that you have:
          <pre>roehub-backtest candles import FILE… --market-id 1 --symbol BTCUSDT</pre>
        </li>
      </ol>
      <button type="button" onClick={() => void load()}>
        Look again
      </button>
    </Empty>
  );
}

function Filled({ form: filled, catalog: known }: { form: Form; catalog: Catalog }) {
  const stored = instruments.value.state === "ready" ? instruments.value.value : [];
  useEffect(() => countSoon(filled), [filled]);
  const instrument = seriesOfForm(stored, filled);
  useEffect(() => {
    if (instrument) void loadPrices(instrument);
  }, [instrument]);
  const mistakes = useMistakesOfForm();
  const ask = () => {
    runForm(filled);
    go("results");
  };
  return (
    <Mistakes.Provider value={mistakes}>
      <form
        class="ask"
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
      >
        <div class="fields">
          <InstrumentFields form={filled} stored={stored} onChange={change} />
          <section class="card">
            <h2>Indicators</h2>
            <p class="hint">
              Every combination of the values below is one variant. It enters when all its
              indicators agree.
            </p>
            <Indicators
              chosen={filled.indicators}
              catalog={known.indicators}
              onChange={(indicators) => change({ indicators })}
            />
          </section>
          <Risk form={filled} />
          <Money form={filled} defaults={known.runtimeDefaults} />
        </div>
        <aside>
          <Cost
            mistakes={elsewhere(mistakes, shownFields(filled))}
            withEvidence={filled.evidence}
          />
          <RequestText form={filled} />
        </aside>
      </form>
    </Mistakes.Provider>
  );
}

function useMistakesOfForm(): Map<string, string[]> {
  const now = counted.value;
  const last = run.value;
  return useMemo(() => {
    if (now.state === "refused") return byField(now.error.problems, now.input);
    if (now.state === "counted" && last.state === "failed") {
      return byField(last.error.problems, last.asked.input);
    }
    return new Map();
  }, [now, last]);
}

function shownFields(filled: Form): string[] {
  return [
    "instrument_id",
    "timeframe",
    "time_range",
    ...filled.indicators.map((_, place) => `indicator_grids.${place}`),
    ...(filled.indicators.length === 0 ? ["indicator_grids"] : []),
    "signal_grids",
    "risk_grid.sl",
    "risk_grid.tp",
    "direction_mode",
    "sizing_mode",
    "ranking",
    ...EXECUTION.map((name) => `execution.${name}`),
    ...LIMITS,
    "distinct",
  ];
}

function Risk({ form: filled }: { form: Form }) {
  const kinds = [
    ["stopLoss", "Stop-loss", "risk_grid.sl"],
    ["takeProfit", "Take-profit", "risk_grid.tp"],
  ] as const;
  return (
    <section class="card">
      <h2>Stops and direction</h2>
      <div class="row">
        {kinds.map(([name, title, field]) => (
          <div key={name} class="stops">
            <label class="switch">
              <input
                type="checkbox"
                checked={filled[name].isOn}
                onChange={(event) =>
                  change({ [name]: { ...filled[name], isOn: event.currentTarget.checked } })
                }
              />
              <span>{title}</span>
            </label>
            {filled[name].isOn && (
              <AxisEditor
                title={`${title} levels`}
                unit="% of the entry price"
                field={field}
                axis={filled[name].axis}
                onChange={(axis) => change({ [name]: { ...filled[name], axis } })}
              />
            )}
          </div>
        ))}
      </div>
      <div class="row">
        <SelectField
          label="Direction"
          field="direction_mode"
          value={filled.direction}
          options={DIRECTIONS}
          onChange={(direction) => change({ direction })}
        />
        <SelectField
          label="Position size"
          field="sizing_mode"
          value={filled.sizing}
          options={SIZINGS}
          onChange={(sizing) => change({ sizing })}
        />
      </div>
    </section>
  );
}

function Money({ form: filled, defaults }: { form: Form; defaults: Catalog["runtimeDefaults"] }) {
  const fee = defaults.fees.find((item) => item.marketId === filled.marketId)?.feePct;
  const known: Record<ExecutionName | LimitName, number | undefined> = {
    init_cash_quote: defaults.initCashQuote,
    fee_pct: fee,
    slippage_pct: defaults.slippagePct,
    fixed_quote: defaults.fixedQuote,
    safe_profit_percent: defaults.safeProfitPercent,
    top_k: defaults.topK,
    preselect: defaults.preselect,
    warmup_bars: defaults.warmupBars,
    min_trades: 0,
    prior_trials: 0,
  };
  const shown = EXECUTION.filter(
    (name) =>
      (name !== "fixed_quote" || filled.sizing === "FIXED_QUOTE") &&
      (name !== "safe_profit_percent" || filled.sizing === "PROFIT_LOCK"),
  );
  return (
    <section class="card">
      <h2>Money, costs and ranking</h2>
      <div class="row small">
        {shown.map((name) => (
          <TextField
            key={name}
            label={EXECUTION_LABELS[name][0]}
            unit={EXECUTION_LABELS[name][1]}
            field={`execution.${name}`}
            isNumber
            value={filled.execution[name]}
            placeholder={known[name]?.toString()}
            onChange={(value) => change({ execution: { ...filled.execution, [name]: value } })}
          />
        ))}
      </div>
      <div class="row">
        <SelectField
          label="Rank by"
          field="ranking.primary_metric"
          value={filled.primary}
          options={[["", `Default: ${titleOf(defaults.primaryMetric)}`], ...RANKINGS]}
          onChange={(primary) => change({ primary })}
        />
        <SelectField
          label="Break ties by"
          field="ranking.secondary_metric"
          value={filled.secondary}
          options={[
            ["", "Nothing else"],
            ...RANKINGS.filter(([name]) => name !== (filled.primary || defaults.primaryMetric)),
          ]}
          onChange={(secondary) => change({ secondary })}
        />
      </div>
      <div class="row small">
        {LIMITS.map((name) => (
          <TextField
            key={name}
            label={LIMIT_LABELS[name][0]}
            unit={LIMIT_LABELS[name][1]}
            field={name}
            isNumber
            value={filled.limits[name]}
            placeholder={known[name]?.toString()}
            onChange={(value) => change({ limits: { ...filled.limits, [name]: value } })}
          />
        ))}
      </div>
      <label class="switch">
        <input
          type="checkbox"
          checked={filled.distinct}
          onChange={(event) => change({ distinct: event.currentTarget.checked })}
        />
        <span>List variants with the same trades once</span>
      </label>
      <label class="switch">
        <input
          type="checkbox"
          checked={filled.evidence}
          onChange={(event) => change({ evidence: event.currentTarget.checked })}
        />
        <span>Test whether the best is luck</span>
      </label>
    </section>
  );
}

function titleOf(metric: RankingMetric): string {
  return RANKINGS.find(([name]) => name === metric)?.[1] ?? metric;
}
