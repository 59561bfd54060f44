// One axis: the values to try for one parameter.

import { useId } from "preact/hooks";
import { type AxisForm, DEFAULT_AXIS } from "../form/form";
import type { Bounds } from "../state/loaded";
import { Mistake, useMistakes } from "../view/field";
import { SpanSlider } from "../view/spanSlider";

interface Props {
  title: string;
  field: string;
  axis: AxisForm;
  onChange: (axis: AxisForm) => void;
  bounds?: Bounds | undefined;
  defaults?: readonly (number | string)[] | undefined;
  unit?: string;
}

export function AxisEditor({ title, field, axis, onChange, bounds, defaults, unit }: Props) {
  const id = useId();
  const told = useMistakes(field);
  const modes: [AxisForm["mode"], string][] = [
    ...(defaults ? ([["default", "Default"]] as [AxisForm["mode"], string][]) : []),
    ["range", "Range"],
    ["list", "Values"],
  ];
  return (
    <fieldset class={told.length > 0 ? "axis wrong" : "axis"} data-field={field}>
      <legend>
        {title}
        {unit && <span class="unit"> {unit}</span>}
      </legend>
      <div class="segments">
        {modes.map(([mode, name]) => (
          <label key={mode}>
            <input
              type="radio"
              name={id}
              checked={axis.mode === mode}
              onChange={() => onChange(changed(axis, mode, bounds, defaults))}
            />
            <span>{name}</span>
          </label>
        ))}
      </div>
      {axis.mode === "default" && <p class="hint values">{shortened(defaults ?? [])}</p>}
      {axis.mode === "list" && (
        <input
          type="text"
          class="values"
          aria-label={`${title}, values`}
          aria-invalid={told.length > 0}
          aria-describedby={told.length > 0 ? `${id}-mistake` : undefined}
          autocomplete="off"
          spellcheck={false}
          value={axis.values}
          placeholder="10, 20, 50"
          onInput={(event) => onChange({ mode: "list", values: event.currentTarget.value })}
        />
      )}
      {axis.mode === "range" && (
        <RangeEditor
          {...{ title, field, axis, onChange, bounds, defaults }}
          mistake={told.length > 0 ? `${id}-mistake` : undefined}
        />
      )}
      <Mistake id={`${id}-mistake`} told={told} />
    </fieldset>
  );
}

interface RangeProps {
  title: string;
  field: string;
  axis: AxisForm & { mode: "range" };
  onChange: (axis: AxisForm) => void;
  bounds?: Bounds | undefined;
  defaults?: readonly (number | string)[] | undefined;
  mistake: string | undefined;
}

function RangeEditor({ title, field, axis, onChange, bounds, defaults, mistake }: RangeProps) {
  const parts = [
    ["start", "from", useMistakes(`${field}.start`)],
    ["stop", "to", useMistakes(`${field}.stop_incl`)],
    ["step", "step", useMistakes(`${field}.step`)],
  ] as const;
  const isOnePart = parts.some(([, , told]) => told.length > 0);
  const reach = bounds && reachOf(bounds, axis, defaults ?? []);
  return (
    <>
      <div class="range">
        {parts.map(([name, word, told]) => (
          <label key={name}>
            <span>{word}</span>
            <input
              type="text"
              inputMode="decimal"
              autocomplete="off"
              aria-label={`${title}, ${word}`}
              aria-invalid={isOnePart ? told.length > 0 : mistake !== undefined}
              aria-describedby={mistake}
              value={axis[name]}
              onInput={(event) => onChange({ ...axis, [name]: event.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      {bounds && reach && (
        <SpanSlider
          label={title}
          min={reach.min}
          max={reach.max}
          step={bounds.step}
          from={Number(axis.start)}
          to={Number(axis.stop)}
          told={String}
          onChange={(start, stop) =>
            onChange({ ...axis, start: String(start), stop: String(stop) })
          }
        />
      )}
    </>
  );
}

/** What a slider spans: the usual values with room beside them, within the hard bounds. */
function reachOf(bounds: Bounds, axis: AxisForm & { mode: "range" }, defaults: readonly unknown[]) {
  const usual = [bounds.default, ...defaults, axis.start, axis.stop]
    .map(Number)
    .filter(Number.isFinite);
  const [least, greatest] = [Math.min(...usual), Math.max(...usual)];
  const room = Math.max((greatest - least) / 4, bounds.step * 5);
  const steps = (value: number) => Math.round((value - bounds.minimum) / bounds.step);
  const onLattice = (value: number) =>
    Number((bounds.minimum + steps(value) * bounds.step).toFixed(10));
  return {
    min: onLattice(Math.max(bounds.minimum, least - room)),
    max: onLattice(Math.min(bounds.maximum, greatest + room)),
  };
}

/** The axis in another mode, with what is known of its values taken along. */
function changed(
  axis: AxisForm,
  mode: AxisForm["mode"],
  bounds: Bounds | undefined,
  defaults: readonly (number | string)[] | undefined,
): AxisForm {
  if (mode === "default") return DEFAULT_AXIS;
  if (mode === "list") {
    const known = axis.mode === "range" ? [axis.start, axis.stop] : (defaults?.slice(0, 8) ?? []);
    return { mode: "list", values: known.join(", ") };
  }
  const numbers = (axis.mode === "list" ? axis.values.split(/[,\s]+/) : (defaults ?? [])).map(
    Number,
  );
  const known = numbers.filter(Number.isFinite);
  const start = known.length > 0 ? Math.min(...known) : (bounds?.minimum ?? 1);
  const stop = known.length > 0 ? Math.max(...known) : (bounds?.maximum ?? 10);
  const gap = known.length > 1 ? Math.abs((known[1] ?? 0) - (known[0] ?? 0)) : 0;
  const step = gap || bounds?.step || 1;
  return { mode: "range", start: String(start), stop: String(stop), step: String(step) };
}

function shortened(values: readonly (number | string)[]): string {
  if (values.length <= 8) return values.join(", ");
  return `${values.slice(0, 4).join(", ")}, … ${values.slice(-2).join(", ")} (${values.length} values)`;
}
