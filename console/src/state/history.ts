// The runs of this browser, kept in this browser: what was asked, and how it came out.
import { signal } from "@preact/signals";
import { linesOf, printed, type RunResult } from "../view/variants";

export interface Past {
  at: string;
  title: string;
  link: string;
  variants: number;
  seconds: number;
  best: { totalReturn: string; drawdown: string; trades: string } | null;
  /** The report of the best, to compare; runs of before may lack it. */
  rows?: { metric: string; value: string }[];
  hash: string;
}

const KEPT = "roehub.history";
const MOST = 100;

export const history = signal<Past[]>(kept());

export function remember(ended: {
  asked: { title: string; link: string };
  result: RunResult;
  seconds: number;
}): void {
  const { asked, result, seconds } = ended;
  const [best] = result.variants;
  const past: Past = {
    at: new Date().toISOString(),
    title: asked.title,
    link: asked.link,
    variants: Math.max(result.stageAVariants, result.stageBVariants),
    seconds,
    best: best
      ? {
          totalReturn: printed(best, "Total Return [%]"),
          drawdown: printed(best, "Max. Drawdown [%]"),
          trades: printed(best, "Num. Trades"),
        }
      : null,
    rows: linesOf(best?.report),
    hash: result.gridRequestHash ?? result.specHash ?? "",
  };
  set([past, ...history.value].slice(0, MOST));
}

export function forget(): void {
  set([]);
}

function set(pasts: Past[]): void {
  history.value = pasts;
  try {
    localStorage.setItem(KEPT, JSON.stringify(pasts));
  } catch {
    // a browser that keeps nothing shows it until the page is left
  }
}

function kept(): Past[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(found) ? (found as Past[]) : [];
  } catch {
    return [];
  }
}
