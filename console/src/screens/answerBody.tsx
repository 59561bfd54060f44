// What an answer says: what was tried, what it rests on, how returns are spread, the best variants.
import type { ComponentChildren } from "preact";
import type { Around } from "../map/around";
import { Histogram } from "../view/bars";
import { brief, count, percent, seconds } from "../view/format";
import { histogram, type Step, stepsBetween } from "../view/series";
import { Empty } from "../view/states";
import { VariantLink } from "../view/variantLink";
import { metric, printed, type Range, type RunResult, reportInput } from "../view/variants";
import { VariantList } from "./list";
import { Luck, Rests } from "./rests";

interface Props {
  result: RunResult;
  range: Range;
  /** How long it took; null where nobody measured. */
  seconds: number | null;
  /** The map of the grid, where a service can be asked for it. */
  map?: ComponentChildren;
  /** What surrounds each variant; null where nobody has asked for the map. */
  around?: Around | null;
}

export function AnswerBody(props: Props) {
  const { result, range, around = null } = props;
  return (
    <>
      <Tiles {...props} />
      <NeverTraded result={result} />
      <Luck result={result} />
      <Rests result={result} />
      {result.variants.length === 0 ? (
        <Empty title="No variant came back">
          <p>Nothing in the grid could be ranked. Widen the axes or the range.</p>
        </Empty>
      ) : (
        <>
          <Spread {...props} />
          {props.map}
          <VariantList result={result} range={range} around={around} />
        </>
      )}
      <Hashes {...props} />
    </>
  );
}

/** Where the best did nothing, that is the first thing to know. */
function NeverTraded({ result }: { result: RunResult }) {
  const [best] = result.variants;
  if (!best || metric(best, "Num. Trades") !== 0) return null;
  const tried = result.evidence?.returns;
  const isNobody = tried && tried.lowestPct === 0 && tried.highestPct === 0;
  return (
    <section class="card warned">
      <h2>{isNobody ? "No variant ever traded" : "The best variant never traded"}</h2>
      <p>
        {isNobody
          ? "A variant enters when all its indicators agree on a side that it may take, and they never did. Drop an indicator, move its signal thresholds closer to the values it reaches, or allow both directions."
          : "It ranks first because it lost nothing: every variant that traded did worse. Require a minimum number of trades to see those."}
      </p>
    </section>
  );
}

function Tiles({ result, seconds: took }: Props) {
  const [best] = result.variants;
  const tiles: (readonly [string, string, string?])[] = [
    ["Tried", brief(triedIn(result)), "variants"],
    ...(took === null ? [] : [["Took", seconds(took)] as const]),
    ["Each over", count(result.targetBars), "bars"],
  ];
  if (best) {
    tiles.push(
      ["Best return", printed(best, "Total Return [%]"), "%"],
      ["Buy and hold", printed(best, "Benchmark Return [%]"), "%"],
      ["Drawdown of the best", printed(best, "Max. Drawdown [%]"), "%"],
      ["Trades of the best", printed(best, "Num. Trades")],
    );
  }
  return (
    <dl class="tiles">
      {tiles.map(([title, value, unit]) => (
        <div key={title}>
          <dt>{title}</dt>
          <dd>
            {value}
            {unit && <span class="unit"> {unit}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Spread({ result, range }: Props) {
  const [best] = result.variants;
  if (best === undefined || result.variants.length < 2) return null;
  const input = reportInput(result, best, range);
  const holding = metric(best, "Benchmark Return [%]");
  const marks = [{ value: best.totalReturnPct, title: "Best", kind: "best" }];
  if (holding !== null) marks.push({ value: holding, title: "Holding", kind: "holding" });
  return (
    <section class="card">
      <h2>{spreadTitle(result)}</h2>
      <p class="hint">
        {spreadTold(result)} The best is <VariantLink input={input} />.
      </p>
      <Histogram
        steps={spreadOf(result)}
        marks={marks}
        label={`${spreadTitle(result)}, in percent`}
      />
    </section>
  );
}

/** Of all that were tried where the evidence counted them, otherwise of those that came back. */
function spreadOf({ evidence, variants }: RunResult): Step[] {
  const tried = evidence?.returns;
  if (tried) return stepsBetween(tried.lowestPct, tried.highestPct, tried.counts);
  return histogram(
    variants.map((variant) => variant.totalReturnPct),
    40,
  );
}

function spreadTitle({ evidence, variants }: RunResult): string {
  return evidence?.returns && evidence.trials
    ? `Returns of all ${count(evidence.trials.tried)} tried variants`
    : `Returns of the ${count(variants.length)} returned variants`;
}

function spreadTold(result: RunResult): string {
  const tried = result.evidence?.returns;
  if (!tried) {
    return `They are the best of ${count(triedIn(result))}, and the best of many is partly luck.`;
  }
  const gained = percent(tried.profitableShare * 100, 1);
  return `The median return is ${percent(tried.medianPct)}; ${gained} of the variants are profitable.`;
}

function triedIn({ evidence, stageAVariants, stageBVariants }: RunResult): number {
  return evidence?.trials?.tried ?? Math.max(stageAVariants, stageBVariants);
}

function Hashes({ result }: Props) {
  const shown: (readonly [string, string | null])[] = [
    ["Request", result.gridRequestHash],
    ["Strategy", result.specHash],
    ["Settings", result.engineParamsHash],
  ];
  return (
    <details class="hashes">
      <summary>Hashes: the same request gives the same answer</summary>
      <dl>
        {shown.map(([title, hash]) =>
          hash === null ? null : (
            <div key={title}>
              <dt>{title}</dt>
              <dd>
                <code>{hash}</code>
              </dd>
            </div>
          ),
        )}
      </dl>
    </details>
  );
}
