// Candles with entries and exits, signals beneath, equity and drawdown, on one axis of time.
import {
  AreaSeries,
  BaselineSeries,
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  type IChartApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useRef, useState } from "preact/hooks";
import type { BarsQuery, VariantQuery } from "../../generated/face";
import { Bands } from "./bands";
import type { Band } from "./folds";
import { amount } from "./format";
import { barsOf, heldSides, lastInBar } from "./series";
import { type Row, rowsOf } from "./signals";
import { ROW_HEIGHT, Strips } from "./strips";

export type Bar = BarsQuery["bars"]["points"][number];
export type Report = VariantQuery["variantReport"];
export type Trade = NonNullable<Report["trades"]>[number];

interface Props {
  bars: Bar[];
  report: Report;
  /** Epoch milliseconds to bring into view; null for everything. */
  focus: { from: number; to: number } | null;
  label: string;
  /** Spans to shade. */
  bands: Band[];
}

// Of the panes but for that of the signals, which is as high as its rows need.
const HEIGHTS = { candles: 10, equity: 4, drawdown: 2 };
// So few bars that what a trade gained can be read beside it.
const CLOSE_BARS = 160;

export function VariantChart({ bars, report, focus, label, bands }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<IChartApi | null>(null);
  const isDark = useDarkScheme();
  useEffect(() => {
    if (box.current === null) return;
    const made = drawn(box.current, bars, report);
    chart.current = made;
    return () => {
      chart.current = null;
      made.remove();
    };
  }, [bars, report, isDark]);
  useEffect(() => {
    const scale = chart.current?.timeScale();
    if (!scale) return;
    if (focus === null) scale.fitContent();
    else show(scale, bars, focus);
  }, [bars, report, focus, isDark]);
  useEffect(() => {
    const pane = chart.current?.panes()[0];
    if (!pane || bands.length === 0) return undefined;
    const opens = bars.map((bar) => Date.parse(bar.ts));
    const spans = bands.map(({ from, to }) => ({
      from: firstFrom(opens, from),
      to: firstFrom(opens, to),
    }));
    const shade = new Bands(spans, colourOf(box.current, "fold"));
    pane.attachPrimitive(shade);
    return () => {
      // a chart that was drawn again has taken its panes with it
      if (chart.current?.panes()[0] === pane) pane.detachPrimitive(shade);
    };
  }, [bars, report, bands, isDark]);
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}

/** Whether the system is dark; a chart holds its colours and is drawn again when that changes. */
function useDarkScheme(): boolean {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const [isDark, setDark] = useState(scheme.matches);
  useEffect(() => {
    const tell = () => setDark(scheme.matches);
    scheme.addEventListener("change", tell);
    return () => scheme.removeEventListener("change", tell);
  }, []);
  return isDark;
}

/** The place of the first bar that opens at a moment or after it. */
function firstFrom(opens: number[], moment: number): number {
  const place = opens.findIndex((open) => open >= moment);
  return place < 0 ? opens.length : place;
}

function colourOf(box: HTMLElement | null, name: string): string {
  return getComputedStyle(box ?? document.body)
    .getPropertyValue(`--${name}`)
    .trim();
}

function show(
  scale: ReturnType<IChartApi["timeScale"]>,
  bars: Bar[],
  focus: { from: number; to: number },
) {
  const opens = bars.map((bar) => Date.parse(bar.ts));
  const [from = 0, to = 0] = barsOf(opens, [focus.from, focus.to]);
  const margin = Math.max(8, (to - from) * 0.5);
  scale.setVisibleLogicalRange({ from: from - margin, to: to + margin });
}

function drawn(box: HTMLElement, bars: Bar[], report: Report): IChartApi {
  const style = getComputedStyle(box);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const made = createChart(box, {
    autoSize: true,
    ...colours(box),
    rightPriceScale: { borderVisible: false },
    timeScale: {
      borderVisible: false,
      timeVisible: true,
      minBarSpacing: 0.05,
      lockVisibleTimeRangeOnResize: true,
    },
    localization: { timeFormatter: (time: Time) => `${utc(Number(time) * 1000)} UTC` },
  });
  const opens = bars.map((bar) => Date.parse(bar.ts));
  const timeOf = (place: number) => ((opens[place] ?? 0) / 1000) as UTCTimestamp;
  const candles = made.addSeries(CandlestickSeries, {
    upColor: colour("up"),
    downColor: colour("down"),
    wickUpColor: colour("up"),
    wickDownColor: colour("down"),
    borderVisible: false,
    priceLineVisible: false,
  });
  candles.setData(
    bars.map(({ open, high, low, close }, place) => ({
      time: timeOf(place),
      open,
      high,
      low,
      close,
    })),
  );
  const marked = createSeriesMarkers(candles, []);
  const mark = (withGains: boolean) =>
    marked.setMarkers(markers(report.trades ?? [], opens, timeOf, colour, withGains));
  let hasGains = false;
  mark(hasGains);
  made.timeScale().subscribeVisibleLogicalRangeChange((range) => {
    const isClose = range !== null && range.to - range.from < CLOSE_BARS;
    if (isClose === hasGains) return;
    hasGains = isClose;
    mark(hasGains);
  });
  const rows = rowsOf(report, opens, heldSides(report.trades ?? [], opens));
  const signals = made.addPane(true);
  signals.attachPrimitive(
    new Strips(rows, {
      long: colour("up"),
      short: colour("down"),
      line: colour("edge"),
      text: colour("text-soft"),
      font: style.fontFamily,
    }),
  );
  const moments = report.equityCurve.map((point) => Date.parse(point.ts));
  const equity = made.addSeries(
    AreaSeries,
    {
      lineColor: colour("equity"),
      topColor: "transparent",
      bottomColor: "transparent",
      lineWidth: 2,
      priceLineVisible: false,
      title: "equity, quote",
    },
    2,
  );
  const values = lastInBar(opens, moments, report.equityCurve);
  equity.setData(values.map(({ place, value }) => ({ time: timeOf(place), value: value.equity })));
  const drawdown = made.addSeries(
    BaselineSeries,
    {
      baseValue: { type: "price", price: 0 },
      topLineColor: colour("down"), // no drawdown lies on the line itself
      bottomLineColor: colour("down"),
      bottomFillColor1: "transparent",
      bottomFillColor2: colour("down-soft"),
      lineWidth: 1,
      priceLineVisible: false,
      title: "drawdown, %",
    },
    3,
  );
  drawdown.setData(
    values.map(({ place, value: { drawdownPct } }) => ({
      time: timeOf(place),
      ...(drawdownPct !== null && { value: -drawdownPct }),
    })),
  );
  stretch(made, box, rows);
  return made;
}

/** Give the signals the height of their rows, and what is left to the other panes. */
function stretch(made: IChartApi, box: HTMLElement, rows: Row[]) {
  const { candles, equity, drawdown } = HEIGHTS;
  const needed = Math.min(rows.length * ROW_HEIGHT, box.clientHeight / 2);
  const signals = ((candles + equity + drawdown) * needed) / (box.clientHeight - needed || 1);
  made.panes().forEach((pane, i) => {
    pane.setStretchFactor([candles, signals, equity, drawdown][i] ?? 1);
  });
}

function colours(box: HTMLElement | null) {
  const style = getComputedStyle(box ?? document.body);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const lines = { color: colour("grid") };
  return {
    layout: {
      background: { color: "transparent" },
      textColor: colour("text-soft"),
      fontFamily: style.fontFamily,
      attributionLogo: false,
      panes: { separatorColor: colour("line"), separatorHoverColor: colour("grid") },
    },
    grid: { vertLines: lines, horzLines: lines },
  };
}

function markers(
  trades: Trade[],
  opens: number[],
  timeOf: (place: number) => UTCTimestamp,
  colour: (name: string) => string,
  withGains: boolean,
): SeriesMarker<Time>[] {
  const entries = barsOf(
    opens,
    trades.map((trade) => Date.parse(trade.entryTs)),
  );
  const exits = barsOf(
    opens,
    trades.map((trade) => Date.parse(trade.exitTs)),
  );
  const found = trades.flatMap((trade, i): SeriesMarker<Time>[] => {
    const isLong = trade.direction === "LONG";
    const gain = trade.netPnlQuote >= 0;
    return [
      {
        time: timeOf(entries[i] ?? 0),
        position: isLong ? "belowBar" : "aboveBar",
        shape: isLong ? "arrowUp" : "arrowDown",
        color: colour(isLong ? "up" : "down"),
        size: 0.8,
      },
      {
        time: timeOf(exits[i] ?? 0),
        position: isLong ? "aboveBar" : "belowBar",
        shape: "circle",
        color: colour(gain ? "up" : "down"),
        size: 0.5,
        ...(withGains && { text: amount(trade.netPnlQuote) }),
      },
    ];
  });
  return found.sort((a, b) => Number(a.time) - Number(b.time));
}

function utc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}
