// What an answer rests on: the candles that were there, and what to know before believing it.
import { count, moment, percent, sentence } from "../view/format";
import type { RunResult } from "../view/variants";

const VERDICTS: Record<string, string> = {
  LIKELY_LUCK: "The best is likely luck",
  UNCLEAR: "Unclear whether the best is luck",
  HOLDS_UP: "The best holds up against luck",
  NOT_ENOUGH_DATA: "There is not enough data to tell luck from skill",
};

/** What the evidence of all tried variants allows to be said of the best one. */
export function Luck({ result }: { result: RunResult }) {
  const conclusion = result.evidence?.conclusion;
  if (!conclusion) return null;
  return (
    <section class="card luck">
      <h2>{VERDICTS[conclusion.verdict] ?? conclusion.verdict}</h2>
      <ul class="notes" aria-label="Why">
        {conclusion.reasons.map((reason) => (
          <li key={reason.text}>{sentence(reason.text)}</li>
        ))}
      </ul>
    </section>
  );
}

export function Rests({ result }: { result: RunResult }) {
  const { data, notes } = result;
  return (
    <section class="card">
      <h2>What it rests on</h2>
      <p>{candlesTold(data)}</p>
      {notes.length > 0 && (
        <ul class="notes" aria-label="Before you believe it">
          {notes.map((note) => (
            <li key={note.code}>{sentence(note.message)}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function candlesTold(data: RunResult["data"]): string {
  const { candlesPresent: present, candlesExpected: expected, longestGap } = data;
  const candles = `${count(present)} of ${count(expected)} candles of ${lengthOf(data.candleSeconds)}`;
  if (data.candlesMissing === 0) return `${candles}; none are missing.`;
  const share = percent((data.candlesMissing / expected) * 100);
  const filled = data.barsFilled > 0 ? `; ${count(data.barsFilled)} bars were made up` : "";
  const gap = longestGap
    ? ` The longest gap lasts from ${moment(longestGap.start)} to ${moment(longestGap.end)} UTC.`
    : "";
  return `${candles}: ${share} of them are missing${filled}.${gap}`;
}

function lengthOf(seconds: number): string {
  const units: [number, string][] = [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ];
  const [size, unit] = units.find(([length]) => seconds % length === 0) ?? [1, "second"];
  const n = seconds / size;
  return n === 1 ? `one ${unit}` : `${n} ${unit}s`;
}
