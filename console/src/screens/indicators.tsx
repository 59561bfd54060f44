// The indicators of the grid, each with its axes and the thresholds of its signals.
import { type AxisForm, DEFAULT_AXIS, type IndicatorForm, usualIndicator } from "../form/form";
import type { Indicator } from "../state/loaded";
import { Mistake, useMistakes } from "../view/field";
import { AxisEditor } from "./axis";

interface Props {
  chosen: IndicatorForm[];
  catalog: Indicator[];
  onChange: (chosen: IndicatorForm[]) => void;
}

export function Indicators({ chosen, catalog, onChange }: Props) {
  const replace = (place: number, changed: IndicatorForm) =>
    onChange(chosen.map((item, i) => (i === place ? changed : item)));
  return (
    <>
      {chosen.map((item, place) => (
        <IndicatorCard
          key={item.id}
          place={place}
          item={item}
          row={catalog.find((row) => row.id === item.id)}
          onChange={(changed) => replace(place, changed)}
          onRemove={() => onChange(chosen.filter((_, i) => i !== place))}
        />
      ))}
      <AddIndicator
        {...{ chosen, catalog }}
        onAdd={(row) => onChange([...chosen, usualIndicator(row)])}
      />
    </>
  );
}

interface CardProps {
  place: number;
  item: IndicatorForm;
  row: Indicator | undefined;
  onChange: (changed: IndicatorForm) => void;
  onRemove: () => void;
}

function IndicatorCard({ place, item, row, onChange, onRemove }: CardProps) {
  const field = `indicator_grids.${place}`;
  const unknown = useMistakes(`${field}.indicator_id`);
  const put = (kind: "params" | "signals", name: string) => (axis: AxisForm) =>
    onChange({ ...item, [kind]: { ...item[kind], [name]: axis } });
  const defaults = (name: string) => row?.defaultAxes.find((axis) => axis.name === name)?.values;
  const signalDefaults = (name: string) =>
    row?.defaultSignalAxes.find((axis) => axis.name === name)?.values;
  return (
    <article class="indicator">
      <header>
        <div>
          <h3>{row?.title ?? item.id}</h3>
          <p class="hint">
            <code>{item.id}</code> {row?.formula}
          </p>
        </div>
        <button
          type="button"
          class="quiet"
          aria-label={`Remove ${row?.title ?? item.id}`}
          onClick={onRemove}
        >
          ✕
        </button>
      </header>
      <Mistake id={`${field}-mistake`} told={unknown} />
      <div class="axes">
        {row?.params.map((bounds) => (
          <AxisEditor
            key={bounds.name}
            title={bounds.name.replaceAll("_", " ")}
            field={`${field}.params.${bounds.name}`}
            axis={item.params[bounds.name] ?? DEFAULT_AXIS}
            onChange={put("params", bounds.name)}
            bounds={bounds}
            defaults={defaults(bounds.name) ?? []}
          />
        ))}
        {row !== undefined && row.sources.length > 0 && (
          <Sources
            field={`${field}.source`}
            row={row}
            axis={item.source}
            onChange={(source) => onChange({ ...item, source })}
          />
        )}
        {row?.rule.params.map((bounds) => (
          <AxisEditor
            key={bounds.name}
            title={bounds.name.replaceAll("_", " ")}
            unit="signal"
            field={`signal_grids.${item.id}.${bounds.name}`}
            axis={item.signals[bounds.name] ?? DEFAULT_AXIS}
            onChange={put("signals", bounds.name)}
            bounds={bounds}
            defaults={signalDefaults(bounds.name) ?? []}
          />
        ))}
      </div>
    </article>
  );
}

interface SourcesProps {
  field: string;
  row: Indicator;
  axis: AxisForm;
  onChange: (axis: AxisForm) => void;
}

/** The candle series to compute from; none chosen means the defaults. */
function Sources({ field, row, axis, onChange }: SourcesProps) {
  const told = useMistakes(field);
  const defaults = row.defaultAxes.find((found) => found.name === "source")?.values ?? [];
  const chosen =
    axis.mode === "list" ? axis.values.split(/[,\s]+/).filter(Boolean) : defaults.map(String);
  const toggle = (source: string) => {
    const next = row.sources.filter((name) => (name === source) !== chosen.includes(name));
    onChange(next.length > 0 ? { mode: "list", values: next.join(", ") } : DEFAULT_AXIS);
  };
  return (
    <fieldset class="axis" data-field={field}>
      <legend>source</legend>
      <div class="checks">
        {row.sources.map((source) => (
          <label key={source}>
            <input
              type="checkbox"
              checked={chosen.includes(source)}
              onChange={() => toggle(source)}
            />
            <span>{source}</span>
          </label>
        ))}
      </div>
      <Mistake id={`${field}-mistake`} told={told} />
    </fieldset>
  );
}

interface AddProps {
  chosen: IndicatorForm[];
  catalog: Indicator[];
  onAdd: (row: Indicator) => void;
}

function AddIndicator({ chosen, catalog, onAdd }: AddProps) {
  const left = catalog.filter((row) => !chosen.some((item) => item.id === row.id));
  const groups = [...new Set(left.map((row) => row.group))];
  const told = useMistakes("indicator_grids");
  return (
    <div class="add">
      <select
        aria-label="Add an indicator"
        value=""
        onChange={(event) => {
          const added = left.find((row) => row.id === event.currentTarget.value);
          if (added) onAdd(added);
          event.currentTarget.value = "";
        }}
      >
        <option value="">+ Add an indicator …</option>
        {groups.map((group) => (
          <optgroup key={group} label={group}>
            {left
              .filter((row) => row.group === group)
              .map((row) => (
                <option key={row.id} value={row.id}>
                  {row.title} ({row.id})
                </option>
              ))}
          </optgroup>
        ))}
      </select>
      {chosen.length === 0 && (
        <Mistake
          id="no-indicator"
          told={told.length > 0 ? told : ["at least one indicator is needed"]}
        />
      )}
    </div>
  );
}
