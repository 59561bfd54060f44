import assert from "node:assert/strict";
import { test } from "node:test";
import { toAnswer } from "../src/report/restAnswer";
import { missingDecimals, mostDecimals } from "../src/view/aligned";
import { stepsBetween } from "../src/view/series";
import { STANDARD, standardText, whyMissing } from "../src/view/standard";
import { linesOf, metric, printed } from "../src/view/variants";

const { variants } = toAnswer({
  variants: [
    {
      report: {
        rows: [{ metric: "Sharpe Ratio", value: "400094827" }],
        metrics: { "Sharpe Ratio": 400094827 },
        standard: {
          sharpe: -3.456,
          cagr_pct: null,
          longest_losing_run: 4,
          reasons: { cagr_pct: "needs 30 days, the run has 4" },
        },
      },
    },
  ],
});
const variant = variants[0];
assert.ok(variant?.report);
const { report } = variant;

test("the usual ratio is shown under its name, and the row of nearly the same name under its own", () => {
  assert.equal(printed(variant, "Sharpe"), "-3.46");
  assert.equal(metric(variant, "Sharpe"), -3.456);
  assert.equal(printed(variant, "Sharpe Ratio"), "400094827");
  assert.equal(metric(variant, "Sharpe Ratio"), 400094827);
  assert.equal(standardText(report.standard, "Longest losing streak"), "4");
});

test("a ratio without a number says why, as REST and GraphQL both tell it", () => {
  assert.equal(standardText(report.standard, "Annual growth [%]"), "–");
  assert.equal(whyMissing(report.standard, "cagrPct"), "needs 30 days, the run has 4");
  assert.equal(whyMissing(report.standard, "sharpe"), undefined);
});

test("variants are compared by rows and usual ratios", () => {
  const titles = linesOf(report).map((line) => line.metric);
  assert.deepEqual(titles, ["Sharpe Ratio", ...STANDARD.map(([, title]) => title)]);
  assert.deepEqual(linesOf(null), []);
});

test("numbers of a column end at the same decimal", () => {
  const texts = ["6.919", "7.8649", "-12", "N/A", "3 days, 1:00:00", "slope, keeps 67 %"];
  assert.equal(mostDecimals(texts), 4);
  const rooms = texts.map((text) => missingDecimals(text, 4));
  assert.deepEqual(rooms, ["0", "", ".0000", "", "", ""]);
  assert.equal(missingDecimals("12", 0), "");
});

test("counts of the service become steps between its ends", () => {
  assert.deepEqual(stepsBetween(-10, 10, [3, 1]), [
    { from: -10, to: 0, n: 3 },
    { from: 0, to: 10, n: 1 },
  ]);
  assert.deepEqual(stepsBetween(5, 5, [0, 7]), [{ from: 5, to: 5, n: 7 }]);
});
