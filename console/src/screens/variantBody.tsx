// What a variant did: its chart, its trades, its report.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { VariantReportInput } from "../../generated/face";
import { TIMEFRAMES } from "../form/request";
import { type Bar, type Report, type Trade, VariantChart } from "../view/chart";
import type { Band } from "../view/folds";
import { count, percent, ratio } from "../view/format";
import { Months } from "../view/months";
import { SignalShares } from "../view/signalShares";
import { sharesOf } from "../view/signals";
import { STANDARD, type Standard, standardText, whyMissing } from "../view/standard";
import { TradeTable } from "./trades";

export interface Drawn {
  report: Report;
  bars: Bar[];
  barsPerPoint: number;
}

interface BodyProps {
  input: VariantReportInput;
  drawn: Drawn;
  /** Spans to shade: what was traded out of sample. */
  bands?: Band[];
  /** What stands beneath the trades. */
  children?: ComponentChildren;
}

const NO_BANDS: Band[] = [];

export function VariantBody({ input, drawn, bands = NO_BANDS, children }: BodyProps) {
  const [chosen, choose] = useState<Trade | null>(null);
  const { report, bars, barsPerPoint } = drawn;
  const trades = report.trades ?? [];
  const focus =
    chosen === null ? null : { from: Date.parse(chosen.entryTs), to: Date.parse(chosen.exitTs) };
  const row = (metric: string) => report.rows.find((item) => item.metric === metric)?.value ?? "–";
  const signal = sharesOf(report.signal);
  const label = `Candles with ${count(trades.length)} trades, signals, equity and drawdown. The signal is long on ${percent(signal.long * 100)} of the bars and short on ${percent(signal.short * 100)}. Total return ${row("Total Return [%]")} percent, largest drawdown ${row("Max. Drawdown [%]")} percent.`;
  return (
    <>
      <Headline row={row} standard={report.standard} />
      <section class="card">
        <div class="title">
          <p class="hint key">
            <span class="gain">▲</span> long entry, <span class="loss">▼</span> short entry, ● exit
            · beneath: what the indicators say, long above the line and short under it, the side
            that is held, equity, drawdown
            {bands.length > 0 && " · shaded: out-of-sample folds"}
            {barsPerPoint > 1 &&
              ` · each candle joins ${count(barsPerPoint)} bars of ${TIMEFRAMES[input.timeframe]}`}
          </p>
          {chosen !== null && (
            <button type="button" onClick={() => choose(null)}>
              Whole range
            </button>
          )}
        </div>
        <VariantChart {...{ bars, report, bands, focus, label }} />
        <SignalShares report={report} />
      </section>
      <div class="columns">
        <div class="stack">
          <Months months={report.returnsByMonth ?? []} />
          <section class="card">
            <h2>{count(trades.length)} trades</h2>
            {trades.length === 0 ? (
              <p class="hint">
                It never entered: its signals never agreed on a side that it may take.
              </p>
            ) : (
              <>
                <p class="hint">Press a number to see the trade in the chart.</p>
                <TradeTable
                  trades={trades}
                  chosen={chosen?.tradeId ?? null}
                  onChoose={(trade) => {
                    choose(trade);
                    document.querySelector(".chart")?.scrollIntoView({ block: "nearest" });
                  }}
                />
              </>
            )}
          </section>
          {children}
        </div>
        <div class="stack">
          <UsualRatios standard={report.standard} />
          <section class="card">
            <h2>Report</h2>
            <p class="hint">Money in quote currency, moments in UTC, durations in h:mm:ss.</p>
            <table class="report">
              <tbody>
                {report.rows.map((item) => (
                  <tr key={item.metric}>
                    <th scope="row">{item.metric}</th>
                    <td class="number">{item.value}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </div>
      </div>
    </>
  );
}

/** The ratios by the definitions that are usual elsewhere. */
function UsualRatios({ standard }: { standard: Standard }) {
  return (
    <section class="card">
      <h2>Standard ratios</h2>
      <p class="hint">
        Computed from daily returns and a 365-day year, as in other tools; ranking by Sharpe uses
        this one. The report's Sharpe, Sortino and Calmar rows compound the annual rate and omit the
        first day.
      </p>
      <table class="report">
        <tbody>
          {STANDARD.map(([name, title]) => (
            <tr key={name}>
              <th scope="row">{title}</th>
              <td class="number">
                {ratio(standard[name])}
                {standard[name] === null && <span class="hint"> {whyMissing(standard, name)}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function hasNumber(text: string): boolean {
  return /\d/.test(text);
}

function Headline({ row, standard }: { row: (metric: string) => string; standard: Standard }) {
  const shown = [
    "Total Return [%]",
    "Benchmark Return [%]",
    "Max. Drawdown [%]",
    "Num. Trades",
    "Win Rate [%]",
  ];
  return (
    <dl class="tiles">
      {shown.map((metric) => (
        <div key={metric}>
          <dt>{metric.replace(" [%]", "")}</dt>
          <dd>
            {row(metric)}
            {metric.endsWith("[%]") && hasNumber(row(metric)) && <span class="unit"> %</span>}
          </dd>
        </div>
      ))}
      <div>
        <dt>Sharpe</dt>
        <dd>{standardText(standard, "Sharpe")}</dd>
      </div>
    </dl>
  );
}
