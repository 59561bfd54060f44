// What stands beside a variant: luck, folds, and the receipt by which it can be verified.
import { useEffect, useState } from "preact/hooks";
import type { ProofMutation, VariantReportInput } from "../../generated/face";
import { asFaceError, askText, type FaceError, isAbort } from "../face/ask";
import { PROOF } from "../face/documents";
import { asRun } from "../form/oneVariant";
import type { Origin } from "../state/origin";
import { count, sentence } from "../view/format";
import { adjustedP, pText, standsFor } from "../view/luck";
import { Loading, Trouble } from "../view/states";
import { Copy, saveText } from "../view/take";
import { Folds } from "./folds";

export type ProofAnswer = ProofMutation["runBacktest"];

export type Proven =
  | { state: "loading" }
  | { state: "ready"; proof: ProofAnswer; text: string }
  | { state: "failed"; error: FaceError };

/** The variant run alone, beside its report. */
export function useProof(input: VariantReportInput): [Proven, () => void] {
  const [proven, setProven] = useState<Proven>({ state: "loading" });
  const [times, again] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    setProven({ state: "loading" });
    askText(PROOF, { input: asRun(input) }, leaving.signal)
      .then(({ answer, text }) => setProven({ state: "ready", proof: answer.runBacktest, text }))
      .catch((error: unknown) => {
        if (!isAbort(error)) setProven({ state: "failed", error: asFaceError(error) });
      });
    return () => leaving.abort();
  }, [input.timeRange, times]);
  return [proven, () => again(times + 1)];
}

interface Props {
  input: VariantReportInput;
  proven: Proven;
  retry: () => void;
  origin: Origin | null;
}

export function Proof({ input, proven, retry, origin }: Props) {
  return (
    <>
      <section class="card">
        <h2>Luck and out of sample</h2>
        <LuckOf origin={origin} />
        {proven.state === "loading" && (
          <Loading what="Running this variant alone to compute its folds …" />
        )}
        {proven.state === "failed" && <Trouble error={proven.error} retry={retry} />}
        {proven.state === "ready" && (
          <Folds proof={proven.proof} start={input.timeRange.start} origin={origin} />
        )}
      </section>
      {proven.state === "ready" && <ReceiptCard {...proven} />}
    </>
  );
}

function LuckOf({ origin }: { origin: Origin | null }) {
  if (!origin) {
    return (
      <p class="hint">
        How much of it is luck depends on what was tried beside it: run its grid and open it from
        there to see its p-value.
      </p>
    );
  }
  const { result, place, variant } = origin;
  const cash = adjustedP(result, place, "againstCash");
  const holding = adjustedP(result, place, "againstHolding");
  const stands = standsFor(variant);
  const tried = result.evidence?.trials?.total;
  return (
    <>
      <dl class="pairs">
        <div>
          <dt>Adjusted p, against cash</dt>
          <dd>{pText(cash)}</dd>
        </div>
        <div>
          <dt>Adjusted p, against holding</dt>
          <dd>{pText(holding)}</dd>
        </div>
      </dl>
      {cash === null && holding === null ? (
        <p class="hint">{whyNoP(result)}</p>
      ) : (
        <p class="hint">
          How often the best of {tried == null ? "as many" : count(tried)} variants without skill
          looks at least as good as this one. Below 0.05, luck alone seldom gets there; it is not
          the probability that the variant is good.
        </p>
      )}
      {stands && <p>It stands for {stands}.</p>}
    </>
  );
}

function whyNoP({ evidence }: Origin["result"]): string {
  if (!evidence) return "Its grid was run without the luck test.";
  const [reason] = evidence.conclusion.reasons;
  return `There is no p-value. ${reason ? sentence(reason.text) : ""}`;
}

function ReceiptCard({ proof, text }: Extract<Proven, { state: "ready" }>) {
  const { receipt } = proof;
  if (!receipt) return null;
  const file = `receipt-${receipt.sha256.slice(0, 12)}.json`;
  return (
    <section class="card">
      <div class="title">
        <h2>Receipt</h2>
        <div class="buttons">
          <Copy text={text} what="receipt" />
          <button type="button" onClick={() => saveText(file, text)}>
            Save as file
          </button>
        </div>
      </div>
      <p>
        <code class="hash">{receipt.sha256}</code>
      </p>
      <p class="hint">
        Covers the request, {count(receipt.nBars)} bars, the engine's rules (
        {receipt.engineSemantics}) and the result. Anyone with the same candles can verify it:
      </p>
      <pre class="wrapped">python -m bff verify {file}</pre>
      <p class="hint">It prints “same”, or the first thing that differs.</p>
    </section>
  );
}
