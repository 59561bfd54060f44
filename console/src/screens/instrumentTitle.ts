// How an instrument is called.

const MARKETS: Record<number, string> = {
  1: "Binance spot",
  2: "Binance futures",
  3: "Bybit spot",
  4: "Bybit futures",
};

export function instrumentTitle(id: { marketId: number; symbol: string }): string {
  return `${id.symbol} · ${MARKETS[id.marketId] ?? `market ${id.marketId}`}`;
}
