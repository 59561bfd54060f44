// What a run would cost, the guard's verdict, and the button.
import { type Cost as Costs, costOf, type Estimate } from "../form/cost";
import { counted } from "../state/draft";
import { catalog } from "../state/loaded";
import { brief, bytes, count, seconds, sentence } from "../view/format";

interface Props {
  mistakes: string[];
  withEvidence: boolean;
}

export function Cost({ mistakes, withEvidence }: Props) {
  const now = counted.value;
  const estimate =
    now.state === "counted" ? now.estimate : now.state === "counting" ? now.last : null;
  const isRefused = now.state === "refused";
  const cost = estimate && costOf(estimate, withEvidence);
  const isAllowed = now.state !== "refused" && (cost === null || cost.isAllowed);
  return (
    <section class="card cost" aria-label="What it costs">
      <div class={now.state === "counting" ? "numbers stale" : "numbers"} aria-live="polite">
        {estimate && cost ? (
          <Numbers {...{ estimate, cost }} />
        ) : (
          <p class="hint">{isRefused ? refusedTold(now.error.code) : "Counting …"}</p>
        )}
        {estimate && cost && !cost.isAllowed && <Verdict {...{ estimate, cost }} />}
        {isRefused && now.error.problems.length === 0 && (
          <p class="mistake">{sentence(now.error.message)}</p>
        )}
        {mistakes.length > 0 && (
          <ul class="mistake">
            {mistakes.map((told) => (
              <li key={told}>{told}</li>
            ))}
          </ul>
        )}
      </div>
      <button type="submit" class="main" disabled={!isAllowed}>
        Run{estimate && isAllowed ? ` ${brief(most(estimate))} variants` : ""}
      </button>
    </section>
  );
}

function refusedTold(code: string): string {
  if (code === "validation_error") return "Fix the marked fields first.";
  return code === "offline"
    ? "No connection. What you filled in is kept."
    : "The estimate is not available right now.";
}

function most(estimate: Estimate): number {
  return Math.max(estimate.stageAVariants, estimate.stageBVariants);
}

interface CostProps {
  estimate: Estimate;
  cost: Costs;
}

function Numbers({ estimate, cost }: CostProps) {
  const threads = catalog.value.state === "ready" ? catalog.value.value.runtimeDefaults.threads : 1;
  return (
    <dl>
      <div class="big">
        <dt>variants</dt>
        <dd>{brief(most(estimate))}</dd>
      </div>
      <div>
        <dt>bars each</dt>
        <dd>{count(estimate.targetBars)}</dd>
      </div>
      <div>
        <dt>expected time</dt>
        <dd>{seconds(cost.seconds / threads)}</dd>
      </div>
      <div>
        <dt>memory</dt>
        <dd>{bytes(cost.bytes)}</dd>
      </div>
    </dl>
  );
}

function Verdict({ estimate, cost }: CostProps) {
  const isMemory = estimate.refusal?.error.includes("bytes");
  if (cost.isEvidenceTooMuch) {
    return (
      <p class="mistake" role="status">
        The luck test needs more memory than the {bytes(estimate.maxBytes)} a run may use: turn it
        off or use fewer axis values.
      </p>
    );
  }
  return (
    <p class="mistake" role="status">
      {isMemory
        ? `More memory than a run may use, ${bytes(estimate.maxBytes)}: shorten the range or the axes.`
        : `More than the ${count(estimate.maxVariants)} variants that a run may try: make a step larger or drop values.`}
    </p>
  );
}
