// Which stored candles the bars of a run are made of: docs/stores.md#candles-of-any-length.
import type { Stored } from "./loaded";

type Candles = Pick<Stored, "instrumentId" | "candleSeconds" | "firstTs" | "lastTs">;

interface Asked {
  instrumentId: Stored["instrumentId"];
  /** Length of a bar; where it is not known, candles of any length will do. */
  barMinutes?: number | undefined;
  /** Epoch milliseconds, NaN where nothing that can be read was written. */
  start?: number | undefined;
  end?: number | undefined;
}

/** The finest candles that divide a bar, unless others reach over twice as far. */
export function seriesFor<Series extends Candles>(
  stored: readonly Series[],
  { instrumentId, barMinutes = 0, start = Number.NaN, end = Number.NaN }: Asked,
): Series | undefined {
  const known = stored.filter(
    (item) =>
      item.instrumentId.marketId === instrumentId.marketId &&
      item.instrumentId.symbol === instrumentId.symbol,
  );
  const reach = (item: Candles) => {
    const from = Number.isNaN(start) ? firstOpen(item) : Math.max(start, firstOpen(item));
    const to = Number.isNaN(end) ? lastClose(item) : Math.min(end, lastClose(item));
    return Math.max(0, to - from);
  };
  const usable = known.filter((item) => (barMinutes * 60) % item.candleSeconds === 0);
  const farthest = Math.max(...usable.map(reach));
  const [chosen] = usable
    .filter((item) => 2 * reach(item) >= farthest)
    .sort((a, b) => a.candleSeconds - b.candleSeconds);
  return chosen ?? known[0];
}

export function firstOpen(stored: Pick<Candles, "firstTs">): number {
  return Date.parse(stored.firstTs);
}

export function lastClose(stored: Pick<Candles, "lastTs" | "candleSeconds">): number {
  return Date.parse(stored.lastTs) + stored.candleSeconds * 1000;
}
