// Lays what signals say at closes over the bars that a chart draws, each of which may join several.
import type { VariantQuery } from "../../generated/face";
import { barsOf } from "./series";

type Report = VariantQuery["variantReport"];
export type Stretch = Report["signal"][number];

/** At which share of some bars a signal is long, and short: 0 to 1. */
export interface Shares {
  long: number;
  short: number;
}

/** Drawn bars, from a place to the one after the last, and what a signal says in them. */
export interface Strip extends Shares {
  from: number;
  to: number;
}

/** One signal as a row beneath the candles. */
export interface Row {
  title: string;
  strips: Strip[];
}

/** What all indicators say together, what each says, and the side that is held. */
export function rowsOf(report: Report, opens: number[], sides: number[]): Row[] {
  const held = sides.map((side) => ({ long: Math.max(side, 0), short: Math.max(-side, 0) }));
  return [
    ...signalsOf(report).map(({ title, stretches }) => ({
      title,
      strips: stripsOf(stretches, opens),
    })),
    { title: "held", strips: joined(held) },
  ];
}

/** The signal, and where it takes several indicators what each of them says. */
export function signalsOf(report: Report): { title: string; stretches: Stretch[] }[] {
  const own = report.indicatorSignals.map(({ indicatorId, stretches }) => ({
    title: indicatorId,
    stretches,
  }));
  return [{ title: "signal", stretches: report.signal }, ...(own.length > 1 ? own : [])];
}

/** A signal over drawn bars, given the times at which they open. */
export function stripsOf(stretches: Stretch[], opens: number[]): Strip[] {
  const sums = opens.map(() => ({ bars: 0, long: 0, short: 0 }));
  const spans = stretches.map(
    ({ fromTs, toTs }) => [Date.parse(fromTs), Date.parse(toTs)] as const,
  );
  const [firsts, lasts] = [0, 1].map((end) =>
    barsOf(
      opens,
      spans.map((span) => span[end] ?? 0),
    ),
  );
  stretches.forEach(({ nBars, nLong, nShort }, i) => {
    const [from, to] = spans[i] ?? [0, 0];
    // its bars are equally far apart; a drawn bar has those that close until the next one opens
    const step = nBars > 1 ? (to - from) / (nBars - 1) : 1;
    const [first = 0, last = 0] = [firsts?.[i], lasts?.[i]];
    let before = 0;
    for (let place = first; place <= last; place += 1) {
      const next = opens[place + 1] ?? to;
      const until = place === last ? nBars : Math.max(0, Math.floor((next - from) / step) + 1);
      const sum = sums[place];
      if (sum) {
        sum.bars += until - before;
        sum.long += (nLong * (until - before)) / nBars;
        sum.short += (nShort * (until - before)) / nBars;
      }
      before = until;
    }
  });
  return joined(
    sums.map(({ bars, long, short }) => shares({ nBars: bars, nLong: long, nShort: short })),
  );
}

/** Neighbours that say the same as one strip; what says nothing is left out. */
function joined(told: Shares[]): Strip[] {
  const strips: Strip[] = [];
  told.forEach(({ long, short }, place) => {
    const last = strips[strips.length - 1];
    if (last && last.to === place && last.long === long && last.short === short) last.to += 1;
    else if (long > 0 || short > 0) strips.push({ from: place, to: place + 1, long, short });
  });
  return strips;
}

/** On how many of the bars a signal is long, and short: shares from 0 to 1. */
export function sharesOf(stretches: Stretch[]): Shares {
  const sum = (name: "nBars" | "nLong" | "nShort") =>
    stretches.reduce((total, stretch) => total + stretch[name], 0);
  return shares({ nBars: sum("nBars"), nLong: sum("nLong"), nShort: sum("nShort") });
}

function shares({ nBars, nLong, nShort }: Omit<Stretch, "fromTs" | "toTs">): Shares {
  return { long: nLong / (nBars || 1), short: nShort / (nBars || 1) };
}
