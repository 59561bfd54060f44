// The form that is being filled in; it outlives a reload and a lost connection.
import { signal } from "@preact/signals";
import type { BarsQuery } from "../../generated/face";
import { asFaceError, ask, type FaceError, isAbort } from "../face/ask";
import { BARS, ESTIMATE } from "../face/documents";
import { costOf, type Estimate } from "../form/cost";
import { type Form, firstForm } from "../form/form";
import { packed, unpacked } from "../form/link";
import { readForm } from "../form/read";
import { toGraphql, toMoment } from "../form/request";
import { BAR_MINUTES } from "../view/folds";
import type { Stored } from "./loaded";
import { start } from "./run";
import { firstOpen, lastClose, seriesFor } from "./series";

export type Counted =
  | { state: "counting"; last: Estimate | null }
  | { state: "counted"; estimate: Estimate }
  | { state: "refused"; error: FaceError; input: unknown };

const KEPT = "roehub.form";
const PAUSE_MS = 250;

export const form = signal<Form | null>(kept());
export const counted = signal<Counted>({ state: "counting", last: null });
export const prices = signal<BarsQuery["bars"]["points"]>([]);

export function change(changes: Partial<Form>): void {
  if (form.value === null) return;
  set({ ...form.value, ...changes });
}

export function set(changed: Form): void {
  form.value = changed;
  try {
    localStorage.setItem(KEPT, JSON.stringify(changed));
  } catch {
    // a browser that keeps nothing keeps it until the page is left
  }
}

/** The first instrument with the whole span that leaves room for the warm-up. */
export function begin(stored: Stored[]): void {
  const [first] = stored;
  if (form.value !== null || first === undefined) return;
  const { marketId, symbol } = first.instrumentId;
  set(firstForm(marketId, symbol, ...spanOf(first)));
}

/** The candles that what is filled in would be run on. */
export function seriesOfForm(stored: Stored[], asked: Form): Stored | undefined {
  return seriesFor(stored, {
    instrumentId: { marketId: asked.marketId, symbol: asked.symbol },
    barMinutes: BAR_MINUTES[asked.timeframe],
    start: Date.parse(toMoment(asked.start)),
    end: Date.parse(toMoment(asked.end)),
  });
}

export function spanOf(stored: Stored): [start: string, end: string] {
  const day = 86_400_000;
  const first = firstOpen(stored);
  const last = lastClose(stored);
  const warm = Math.min(35 * day, (last - first) / 4);
  const from = new Date(Math.ceil((first + warm) / day) * day);
  const to = new Date(Math.floor(last / day) * day);
  const text = (moment: Date) => moment.toISOString().slice(0, 10);
  return from < to
    ? [text(from), text(to)]
    : [stored.firstTs.slice(0, 16), stored.lastTs.slice(0, 16)];
}

export function readLink(carried: string): boolean {
  const found = readForm(unpacked(carried));
  if (found) set(found);
  return found !== undefined;
}

export function titleOf(asked: Form): string {
  return `${asked.symbol} ${asked.indicators.map((item) => item.id).join(" + ")}`;
}

/** Run what is filled in. */
export function runForm(asked: Form): void {
  const now = counted.value;
  const expected = now.state === "counted" ? costOf(now.estimate, asked.evidence).seconds : null;
  void start({
    input: toGraphql(asked),
    range: { start: toMoment(asked.start), end: toMoment(asked.end) },
    title: titleOf(asked),
    link: packed(asked),
    expectedSeconds: expected,
    withEvidence: asked.evidence,
  });
}

let counting: AbortController | null = null;
let pause: ReturnType<typeof setTimeout> | undefined;

/** Count what the form would cost, a moment after the last change. */
export function countSoon(asked: Form): void {
  clearTimeout(pause);
  counting?.abort();
  const last = counted.value.state === "counted" ? counted.value.estimate : null;
  counted.value = { state: "counting", last };
  pause = setTimeout(() => void countNow(asked), PAUSE_MS);
}

async function countNow(asked: Form): Promise<void> {
  const mine = new AbortController();
  counting = mine;
  const input = toGraphql(asked);
  try {
    const { estimateBacktest } = await ask(ESTIMATE, { input }, mine.signal);
    counted.value = { state: "counted", estimate: estimateBacktest };
  } catch (error) {
    if (!isAbort(error)) counted.value = { state: "refused", error: asFaceError(error), input };
  }
}

/** Daily prices of the instrument, for the brush. */
export async function loadPrices(stored: Stored): Promise<void> {
  try {
    const { bars } = await ask(BARS, {
      instrument: stored.instrumentId,
      timeframe: "D1",
      range: { start: stored.firstTs, end: stored.lastTs },
      maxPoints: 400,
    });
    prices.value = bars.points;
  } catch {
    prices.value = []; // the brush works without a picture
  }
}

function kept(): Form | null {
  try {
    return readForm(JSON.parse(localStorage.getItem(KEPT) ?? "null")) ?? null;
  } catch {
    return null;
  }
}
