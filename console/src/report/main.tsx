import { render } from "preact";
import { AnswerBody } from "../screens/answerBody";
import { instrumentTitle } from "../screens/instrumentTitle";
import { VariantBody } from "../screens/variantBody";
import { day } from "../view/format";
import { HasService } from "../view/variantLink";
import { described } from "../view/variants";
import { type ReportFile, readReport } from "./reportFile";

function ReportPage({ report: { result, range, seconds, best } }: { report: ReportFile }) {
  return (
    <HasService.Provider value={false}>
      <main>
        <h1>Backtest report</h1>
        <header class="title">
          <div>
            <h2>{instrumentTitle(result.instrumentId)}</h2>
            <p class="hint">
              {day(range.start)} to {day(range.end)} UTC
            </p>
          </div>
        </header>
        <AnswerBody result={result} range={range} seconds={seconds} />
        {best && (
          <>
            <h2>The best: {described(best.input)}</h2>
            <VariantBody input={best.input} drawn={best.drawn} />
          </>
        )}
      </main>
      <footer>Charts: TradingView Lightweight Charts</footer>
    </HasService.Provider>
  );
}

const held = document.getElementById("report")?.textContent ?? "null";
const place = document.getElementById("console");
if (place) render(<ReportPage report={readReport(JSON.parse(held))} />, place);
