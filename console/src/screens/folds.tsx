// Out of sample: what the variant made before and in each span that a choice would trade next.

import type { Origin } from "../state/origin";
import { type Band, blockStart } from "../view/folds";
import { day, percent } from "../view/format";
import { Scroller } from "../view/scroller";
import type { ProofAnswer } from "./proof";

export function bandsOf(proof: ProofAnswer, start: string): Band[] {
  const slice = { start, timeframe: proof.timeframe, nBars: proof.targetBars };
  return (proof.evidence?.walkForward?.folds ?? []).map(({ tradedFrom, tradedTo }) => ({
    from: blockStart(tradedFrom, slice),
    to: blockStart(tradedTo, slice),
  }));
}

/** Two decimals, so that they line up; the whole number where it is pointed at. */
function Growth({ value }: { value: number | null | undefined }) {
  return (
    <td class="number" title={value == null ? "undefined" : `${value} %`}>
      {value?.toFixed(2) ?? "–"}
    </td>
  );
}

interface Props {
  proof: ProofAnswer;
  start: string;
  origin: Origin | null;
}

export function Folds({ proof, start, origin }: Props) {
  const forward = proof.evidence?.walkForward;
  if (!forward) {
    const why = proof.evidence?.missing.find(({ part }) => part.startsWith("walk_forward"));
    return <p class="hint">No folds: {why?.reason ?? "the range has fewer than 64 bars"}.</p>;
  }
  const slice = { start, timeframe: proof.timeframe, nBars: proof.targetBars };
  const at = (block: number) => day(new Date(blockStart(block, slice)).toISOString());
  const chosen = origin?.result.evidence?.walkForward;
  return (
    <>
      <p class="hint">
        Four times, a past period is evaluated and the period right after it is traded. An
        overfitted variant earns less out of sample.
      </p>
      <Scroller label="Out-of-sample folds" kind="folds">
        <table>
          <thead>
            <tr>
              <th scope="col">Traded, UTC</th>
              <th scope="col" class="number">
                Before %
              </th>
              <th scope="col" class="number">
                Traded %
              </th>
              {chosen && (
                <th scope="col" class="number">
                  Best of the past, traded %
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {forward.folds.map((fold, i) => (
              <tr key={fold.tradedFrom}>
                <th scope="row">
                  {at(fold.tradedFrom)} to {at(fold.tradedTo)}
                </th>
                <Growth value={fold.growthBeforePct} />
                <Growth value={fold.growthAfterPct} />
                {chosen && <Growth value={chosen.folds[i]?.growthAfterPct} />}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <p>
        Together this variant made {percent(forward.growthPct)} there
        {chosen && `; choosing the best of the past each time made ${percent(chosen.growthPct)}`}.
      </p>
    </>
  );
}
