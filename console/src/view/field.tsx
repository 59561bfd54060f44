// A labelled control with its mistakes beneath it.
import { type ComponentChildren, createContext } from "preact";
import { useContext, useId } from "preact/hooks";
import { under } from "../form/problems";

/** Mistakes by field, from the last estimate or run. */
export const Mistakes = createContext<Map<string, string[]>>(new Map());

export function useMistakes(field: string): string[] {
  return under(useContext(Mistakes), field);
}

/** The mistakes of what several fields are together, such as a range whose end comes first. */
export function useMistakesTogether(field: string): string[] {
  return useContext(Mistakes).get(field) ?? [];
}

export function Mistake({ id, told }: { id: string; told: string[] }) {
  if (told.length === 0) return null;
  return (
    <span class="mistake" id={id}>
      {[...new Set(told)].join("; ")}
    </span>
  );
}

interface FieldProps {
  label: string;
  field: string;
  unit?: string;
  hint?: ComponentChildren;
  children: (attributes: Attributes) => ComponentChildren;
}

interface Attributes {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

export function Field({ label, field, unit, hint, children }: FieldProps) {
  const id = useId();
  const told = useMistakes(field);
  const isWrong = told.length > 0;
  return (
    <div class={isWrong ? "field wrong" : "field"} data-field={field}>
      <label for={id}>
        {label}
        {unit && <span class="unit"> {unit}</span>}
      </label>
      {children({
        id,
        "aria-invalid": isWrong,
        "aria-describedby": isWrong ? `${id}-mistake` : undefined,
      })}
      {hint && !isWrong && <span class="hint">{hint}</span>}
      <Mistake id={`${id}-mistake`} told={told} />
    </div>
  );
}

interface TextFieldProps extends Omit<FieldProps, "children"> {
  value: string;
  onChange: (value: string) => void;
  placeholder?: string | undefined;
  isNumber?: boolean;
}

export function TextField({ value, onChange, placeholder, isNumber, ...rest }: TextFieldProps) {
  return (
    <Field {...rest}>
      {(attributes) => (
        <input
          {...attributes}
          type="text"
          inputMode={isNumber ? "decimal" : "text"}
          autocomplete="off"
          spellcheck={false}
          value={value}
          placeholder={placeholder ?? ""}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface SelectFieldProps<Value extends string> extends Omit<FieldProps, "children"> {
  value: Value;
  options: readonly (readonly [Value, string])[];
  onChange: (value: Value) => void;
}

export function SelectField<Value extends string>(props: SelectFieldProps<Value>) {
  const { value, options, onChange, ...rest } = props;
  return (
    <Field {...rest}>
      {(attributes) => (
        <select
          {...attributes}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value as Value)}
        >
          {options.map(([key, title]) => (
            <option key={key} value={key}>
              {title}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
