// What is traded and when: the instrument with its coverage, the timeframe, the span of time.
import type { Form } from "../form/form";
import { TIMEFRAMES, toMoment } from "../form/request";
import { prices, seriesOfForm, spanOf } from "../state/draft";
import type { Stored } from "../state/loaded";
import { firstOpen, lastClose, seriesFor } from "../state/series";
import { CoverageBar, Sparkline } from "../view/bars";
import { Mistake, SelectField, TextField, useMistakesTogether } from "../view/field";
import { BAR_MINUTES } from "../view/folds";
import { count, day, percent } from "../view/format";
import { SpanSlider } from "../view/spanSlider";
import { instrumentTitle } from "./instrumentTitle";

const DAY_MS = 86_400_000;

interface Props {
  form: Form;
  stored: Stored[];
  onChange: (changes: Partial<Form>) => void;
}

export function InstrumentFields({ form, stored, onChange }: Props) {
  const keyOf = (item: Stored) => `${item.instrumentId.marketId}:${item.instrumentId.symbol}`;
  const key = `${form.marketId}:${form.symbol}`;
  const chosen = seriesOfForm(stored, form);
  const known = new Map(stored.map((item) => [keyOf(item), item.instrumentId]));
  const titles = [...known].map(([of, id]) => [of, instrumentTitle(id)] as const);
  const options = chosen ? titles : [[key, `${form.symbol} (not stored)`] as const, ...titles];
  const choose = (next: string) => {
    const instrumentId = known.get(next);
    if (!instrumentId) return;
    const barMinutes = BAR_MINUTES[form.timeframe];
    const found = seriesFor(stored, { instrumentId, barMinutes });
    if (!found) return;
    const [start, end] = spanOf(found);
    onChange({ ...instrumentId, start, end });
  };
  const together = useMistakesTogether("time_range");
  return (
    <section class="card">
      <h2>What and when</h2>
      <div class="row">
        <SelectField
          label="Instrument"
          field="instrument_id"
          value={key}
          options={options}
          onChange={choose}
        />
        <SelectField
          label="Timeframe"
          field="timeframe"
          value={form.timeframe}
          options={Object.entries(TIMEFRAMES) as [Form["timeframe"], string][]}
          onChange={(timeframe) => onChange({ timeframe })}
        />
      </div>
      {chosen && <Coverage stored={chosen} />}
      {chosen && <Brush stored={chosen} form={form} onChange={onChange} />}
      <div class="row">
        <TextField
          label="From"
          unit="UTC"
          field="time_range.start"
          value={form.start}
          onChange={(start) => onChange({ start })}
          placeholder="2024-01-31"
        />
        <TextField
          label="To (exclusive)"
          unit="UTC"
          field="time_range.end"
          value={form.end}
          onChange={(end) => onChange({ end })}
          placeholder="2024-12-31"
        />
      </div>
      <Mistake id="range-mistake" told={together} />
      {chosen && together.length === 0 && <Outside stored={chosen} form={form} />}
    </section>
  );
}

function Coverage({ stored }: { stored: Stored }) {
  const share = (stored.minutes / (stored.minutes + stored.missingMinutes)) * 100;
  const isSynthetic = stored.sources.includes("synthetic");
  const label = `How full the store is, from ${day(stored.firstTs)} to ${day(stored.lastTs)}`;
  return (
    <p class="coverage hint">
      <CoverageBar shares={stored.coverage} label={label} />
      {day(stored.firstTs)} to {day(stored.lastTs)} UTC, {count(stored.minutes)} candles,{" "}
      {stored.gaps === 0
        ? "no gaps"
        : `${count(stored.gaps)} gaps (${percent(100 - share)} missing)`}
      {isSynthetic && <strong class="synthetic"> Synthetic: results mean nothing.</strong>}
    </p>
  );
}

/** A range without candles is told before it is run. */
function Outside({ stored, form }: { stored: Stored; form: Form }) {
  const [from, to] = [form.start, form.end].map((moment) => Date.parse(toMoment(moment)));
  const [first, last] = [firstOpen(stored), lastClose(stored)];
  const isOutside = (to ?? last) <= first || (from ?? first) >= last;
  if (!isOutside) return null;
  return (
    <p class="mistake" role="status">
      No candles are stored for this range: they go from {day(stored.firstTs)} to{" "}
      {day(stored.lastTs)}.
    </p>
  );
}

function Brush({
  stored,
  form,
  onChange,
}: {
  stored: Stored;
  form: Form;
  onChange: Props["onChange"];
}) {
  const first = Math.floor(firstOpen(stored) / DAY_MS);
  const last = Math.ceil(lastClose(stored) / DAY_MS);
  const closes = prices.value.map((bar) => bar.close);
  const text = (value: number) => new Date(value * DAY_MS).toISOString().slice(0, 10);
  const place = (moment: string) =>
    Math.round(Date.parse(`${moment.slice(0, 10)}T00:00:00Z`) / DAY_MS);
  const share = (moment: string, otherwise: number) => {
    const found = (place(moment) - first) / (last - first || 1);
    return `${Math.min(1, Math.max(0, Number.isFinite(found) ? found : otherwise)) * 100}%`;
  };
  return (
    <div
      class="brush"
      ref={(node) => {
        node?.style.setProperty("--before", share(form.start, 0));
        node?.style.setProperty("--after", share(form.end, 1));
      }}
    >
      {closes.length > 1 && (
        <Sparkline values={closes} label={`Daily closes of ${stored.instrumentId.symbol}`} />
      )}
      <SpanSlider
        label="Span of time"
        min={first}
        max={last}
        step={1}
        from={place(form.start)}
        to={place(form.end)}
        told={text}
        onChange={(from, to) => onChange({ start: text(from), end: text(Math.max(to, from + 1)) })}
      />
    </div>
  );
}
