import assert from "node:assert/strict";
import { test } from "node:test";
import { type Stretch, sharesOf, stripsOf } from "../src/view/signals";

const BAR = 900_000;
const at = (place: number) => new Date(place * BAR).toISOString();

/** Stretches of one signal, bar `i` closing at `i + 1` bars of time. */
function stretchesOf(sides: number[]): Stretch[] {
  const found: Stretch[] = [];
  sides.forEach((side, i) => {
    const last = found[found.length - 1];
    const close = at(i + 1);
    if (last && sides[i - 1] === side) {
      last.toTs = close;
      last.nBars += 1;
      last.nLong += Number(side > 0);
      last.nShort += Number(side < 0);
    } else {
      found.push({
        fromTs: close,
        toTs: close,
        nBars: 1,
        nLong: Number(side > 0),
        nShort: Number(side < 0),
      });
    }
  });
  return found;
}

/** What is drawn in each bar, a bar at a time. */
function drawn(stretches: Stretch[], opens: number[]): [number, number][] {
  const bars: [number, number][] = opens.map(() => [0, 0]);
  for (const { from, to, long, short } of stripsOf(stretches, opens)) {
    for (let place = from; place < to; place += 1) bars[place] = [long, short];
  }
  return bars;
}

test("a drawn bar tells the share of its bars that a signal has", () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  for (const perPoint of [1, 3, 8]) {
    const sides = Array.from({ length: 50 }, () => Math.floor(random() * 3) - 1);
    const opens = Array.from({ length: Math.ceil(50 / perPoint) }, (_, i) => i * perPoint * BAR);
    const wanted = opens.map((_, i) => {
      const own = sides.slice(i * perPoint, (i + 1) * perPoint);
      const share = (side: number) => own.filter((one) => one === side).length / own.length;
      return [share(1), share(-1)];
    });
    assert.deepEqual(drawn(stretchesOf(sides), opens), wanted);
  }
});

test("what a stretch of several signals says is spread over its bars", () => {
  const mixed = { fromTs: at(1), toTs: at(4), nBars: 4, nLong: 1, nShort: 2 };
  const opens = [0, 1, 2, 3].map((place) => place * BAR);
  assert.deepEqual(stripsOf([mixed], opens), [{ from: 0, to: 4, long: 0.25, short: 0.5 }]);
});

test("times without a drawn bar belong to the bar before, those before the first to the first", () => {
  const opens = [2 * BAR, 3 * BAR, 6 * BAR];
  // closes 1 to 3 are in the first bar, 4 to 6 in the second, 7 in the third
  assert.deepEqual(drawn(stretchesOf([1, 1, 0, -1, -1, 0, 1]), opens), [
    [2 / 3, 0],
    [0, 2 / 3],
    [1, 0],
  ]);
});

test("shares are of all bars", () => {
  assert.deepEqual(sharesOf(stretchesOf([1, 1, 0, -1])), { long: 0.5, short: 0.25 });
  assert.deepEqual(sharesOf([]), { long: 0, short: 0 });
});
