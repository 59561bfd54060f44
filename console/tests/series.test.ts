import { equal } from "node:assert/strict";
import { test } from "node:test";
import { seriesFor } from "../src/state/series";

const BTC = { marketId: 1, symbol: "BTCUSDT" };
const MINUTES = series(BTC, 60, "2024-01-01T00:00:00Z", "2024-12-31T23:59:00Z");
const HOURS = series(BTC, 3_600, "2019-01-01T00:00:00Z", "2024-12-31T23:00:00Z");
const TWO_HOURS = series(BTC, 7_200, "2010-01-01T00:00:00Z", "2024-12-31T22:00:00Z");
const STORED = [
  series({ marketId: 2, symbol: "BTCUSDT" }, 60, "2000-01-01T00:00:00Z", "2024-12-31T23:59:00Z"),
  MINUTES,
  HOURS,
  TWO_HOURS,
];

function series(instrumentId: typeof BTC, candleSeconds: number, firstTs: string, lastTs: string) {
  return { instrumentId, candleSeconds, firstTs, lastTs };
}

function candlesFor(barMinutes: number | undefined, start?: string, end?: string) {
  return seriesFor(STORED, {
    instrumentId: BTC,
    barMinutes,
    start: start === undefined ? undefined : Date.parse(start),
    end: end === undefined ? undefined : Date.parse(end),
  });
}

test("minutes serve bars that nothing longer divides", () => {
  equal(candlesFor(15, "2020-01-01", "2024-12-01"), MINUTES);
});

test("hours serve a range that the minutes reach over less than half of", () => {
  equal(candlesFor(60, "2020-01-01", "2020-06-01"), HOURS);
  equal(candlesFor(60, "2022-01-01", "2024-07-01"), HOURS);
});

test("minutes come first where both reach as far", () => {
  equal(candlesFor(60, "2024-02-01", "2024-07-01"), MINUTES);
  equal(candlesFor(60, "2023-07-01", "2024-12-01"), MINUTES);
});

test("without a range that can be read, all that is stored counts", () => {
  equal(candlesFor(60, "soon", "later"), HOURS);
  equal(candlesFor(240), TWO_HOURS);
});

test("a range without candles is told of the finest", () => {
  equal(candlesFor(60, "2001-01-01", "2002-01-01"), MINUTES);
});

test("where no length will do, something is shown; where nothing is stored, nothing", () => {
  equal(seriesFor([TWO_HOURS], { instrumentId: BTC, barMinutes: 60 }), TWO_HOURS);
  equal(seriesFor(STORED, { instrumentId: { marketId: 1, symbol: "ETHUSDT" } }), undefined);
});
