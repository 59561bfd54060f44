// One variant: its chart, its trades, its metrics, and saving it.
import { useEffect, useState } from "preact/hooks";
import type { VariantReportInput } from "../../generated/face";
import { asFaceError, ask, type FaceError, isAbort } from "../face/ask";
import { BARS, SAVE, VARIANT } from "../face/documents";
import { unpacked } from "../form/link";
import { isRunnableVariant, TIMEFRAMES } from "../form/request";
import { catalog } from "../state/loaded";
import { href, route } from "../state/route";
import { run } from "../state/run";
import { type Bar, type Report, type Trade, VariantChart } from "../view/chart";
import { count, day, ratio } from "../view/format";
import { Empty, Loading, Trouble } from "../view/states";
import { described } from "../view/variants";
import { instrumentTitle } from "./instrument";
import { TradeTable } from "./trades";

const MAX_POINTS = 5_000;

interface Drawn {
  report: Report;
  bars: Bar[];
  barsPerPoint: number;
}

type Shown =
  | { state: "loading" }
  | { state: "ready"; drawn: Drawn }
  | { state: "failed"; error: FaceError };

export function VariantScreen() {
  const input = unpacked(route.value.carried);
  if (!isRunnableVariant(input)) {
    return (
      <Empty title="This link names no variant">
        <p>It was cut or changed on its way. Open the variant from a list of results again.</p>
        <a class="button main" href={href("results")}>
          To the results
        </a>
      </Empty>
    );
  }
  return <Opened key={route.value.carried} input={input} />;
}

function Opened({ input }: { input: VariantReportInput }) {
  const [shown, setShown] = useState<Shown>({ state: "loading" });
  const [times, again] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    setShown({ state: "loading" });
    loaded(input, leaving.signal)
      .then((drawn) => setShown({ state: "ready", drawn }))
      .catch((error: unknown) => {
        if (!isAbort(error)) setShown({ state: "failed", error: asFaceError(error) });
      });
    return () => leaving.abort();
  }, [input.timeRange, times]);
  return (
    <>
      <header class="title">
        <div>
          <h2>{described(input)}</h2>
          <p class="hint">
            {instrumentTitle({
              marketId: Number(input.instrumentId.marketId),
              symbol: input.instrumentId.symbol,
            })}
            , {TIMEFRAMES[input.timeframe]} bars · {day(input.timeRange.start)} to{" "}
            {day(input.timeRange.end)} UTC
          </p>
        </div>
        {run.value.state === "done" && (
          <a class="button" href={href("results")}>
            All variants
          </a>
        )}
      </header>
      {shown.state === "loading" && <Loading what="Replaying the variant …" />}
      {shown.state === "failed" && <Trouble error={shown.error} retry={() => again(times + 1)} />}
      {shown.state === "ready" && <Ready input={input} drawn={shown.drawn} />}
    </>
  );
}

async function loaded(input: VariantReportInput, signal: AbortSignal): Promise<Drawn> {
  const [{ variantReport }, { bars }] = await Promise.all([
    ask(VARIANT, { input, maxPoints: MAX_POINTS }, signal),
    ask(
      BARS,
      {
        instrument: input.instrumentId,
        timeframe: input.timeframe,
        range: input.timeRange,
        maxPoints: MAX_POINTS,
      },
      signal,
    ),
  ]);
  return { report: variantReport, bars: bars.points, barsPerPoint: bars.barsPerPoint };
}

function Ready({ input, drawn }: { input: VariantReportInput; drawn: Drawn }) {
  const [chosen, choose] = useState<Trade | null>(null);
  const { report, bars, barsPerPoint } = drawn;
  const trades = report.trades ?? [];
  const focus =
    chosen === null ? null : { from: Date.parse(chosen.entryTs), to: Date.parse(chosen.exitTs) };
  const row = (metric: string) => report.rows.find((item) => item.metric === metric)?.value ?? "–";
  const label = `Candles with ${count(trades.length)} trades, equity and drawdown. Total return ${row("Total Return [%]")} percent, largest drawdown ${row("Max. Drawdown [%]")} percent.`;
  return (
    <>
      <Headline row={row} />
      <section class="card">
        <div class="title">
          <p class="hint key">
            <span class="gain">▲</span> long <span class="loss">▼</span> short entry, ● exit
            {barsPerPoint > 1 &&
              ` · each candle joins ${count(barsPerPoint)} bars of ${TIMEFRAMES[input.timeframe]}`}
          </p>
          {chosen !== null && (
            <button type="button" onClick={() => choose(null)}>
              Whole range
            </button>
          )}
        </div>
        <VariantChart bars={bars} report={report} focus={focus} label={label} />
      </section>
      <div class="columns">
        <section class="card">
          <h2>{count(trades.length)} trades</h2>
          {trades.length === 0 ? (
            <p class="hint">It never entered: its signals never agreed.</p>
          ) : (
            <TradeTable
              trades={trades}
              chosen={chosen?.tradeId ?? null}
              onChoose={(trade) => {
                choose(trade);
                document.querySelector(".chart")?.scrollIntoView({ block: "nearest" });
              }}
            />
          )}
        </section>
        <section class="card">
          <h2>Report</h2>
          <table class="report">
            <tbody>
              {report.rows.map((item) => (
                <tr key={item.metric}>
                  <th scope="row">{item.metric}</th>
                  <td class="number">{item.value}</td>
                </tr>
              ))}
              <StandardRows standard={report.standard} />
            </tbody>
          </table>
        </section>
      </div>
      <Save input={input} />
    </>
  );
}

const STANDARD: readonly (readonly [keyof Report["standard"], string])[] = [
  ["sharpe", "Sharpe, annualised"],
  ["sortino", "Sortino, annualised"],
  ["calmar", "Calmar, annualised"],
  ["cagrPct", "Growth a year [%]"],
  ["annualVolatilityPct", "Volatility a year [%]"],
  ["profitFactor", "Profit factor"],
  ["payoff", "Payoff"],
  ["longestLosingRun", "Longest losing run"],
  ["exposurePct", "Exposure [%]"],
];

/** The ratios by the definitions that are usual elsewhere, beneath the 25 rows. */
function StandardRows({ standard }: { standard: Report["standard"] }) {
  return (
    <>
      {STANDARD.map(([name, title], i) => (
        <tr key={name} class={i === 0 ? "standard" : ""}>
          <th scope="row">{title}</th>
          <td class="number">{ratio(standard[name])}</td>
        </tr>
      ))}
    </>
  );
}

function Headline({ row }: { row: (metric: string) => string }) {
  const shown = [
    "Total Return [%]",
    "Benchmark Return [%]",
    "Max. Drawdown [%]",
    "Num. Trades",
    "Win Rate [%]",
    "Sharpe Ratio",
  ];
  return (
    <dl class="tiles">
      {shown.map((metric) => (
        <div key={metric}>
          <dt>{metric.replace(" [%]", "")}</dt>
          <dd>
            {row(metric)}
            {metric.endsWith("[%]") && <span class="unit"> %</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

type Saving =
  | { state: "idle" }
  | { state: "saving" }
  | { state: "saved"; name: string }
  | { state: "failed"; error: FaceError };

function Save({ input }: { input: VariantReportInput }) {
  const [name, setName] = useState(
    `${input.instrumentId.symbol} ${described(input)}`.slice(0, 200),
  );
  const [saving, setSaving] = useState<Saving>({ state: "idle" });
  const loaded = catalog.value;
  if (loaded.state !== "ready") return null;
  if (!loaded.value.runtimeDefaults.canSaveStrategies) {
    return (
      <section class="card">
        <h2>Save as a strategy</h2>
        <p class="hint">
          This service does not write strategies; they are saved where they are kept.
        </p>
      </section>
    );
  }
  const save = async () => {
    setSaving({ state: "saving" });
    try {
      const { saveStrategy } = await ask(SAVE, { input, name });
      setSaving({ state: "saved", name: saveStrategy.name });
    } catch (error) {
      setSaving({ state: "failed", error: asFaceError(error) });
    }
  };
  return (
    <section class="card">
      <h2>Save as a strategy</h2>
      <form
        class="save"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label>
          Name{" "}
          <input
            type="text"
            maxLength={200}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="main" disabled={saving.state === "saving"}>
          Save
        </button>
      </form>
      <p role="status">
        {saving.state === "saved" && (
          <>
            Saved as “{saving.name}”. <a href={href("saved")}>To the saved strategies</a>
          </>
        )}
      </p>
      {saving.state === "failed" && <Trouble error={saving.error} />}
    </section>
  );
}
