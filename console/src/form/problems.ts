// From the place of a mistake, as GraphQL spells it, to the field of the form that it is about.
import type { Problem } from "../face/ask";

const SPELLING = new Set(["input", "template", "axis", "explicit", "range"]);

/**
 * The field that a path is about, such as `indicator_grids.0.params.window.step`.
 *
 * @param path as the service tells it: `input.template.indicatorGrids.0.params.1.axis.range.step`
 * @param input what was sent; entries of its lists are known by their names
 */
export function fieldOf(path: string, input: unknown): string {
  const steps: string[] = [];
  let value: unknown = { input };
  const written = path.split(".");
  written.forEach((step, place) => {
    value = child(value, step);
    const parent = written[place - 1];
    const isEntry = /^\d+$/.test(step) && (parent === "params" || parent === "signalGrids");
    const name = isEntry ? entryName(value) : undefined;
    if (step === "params" && written[place - 2] === "signalGrids") return;
    if (isEntry && name !== undefined) steps.push(name);
    else if (!SPELLING.has(step)) steps.push(snakeCase(step));
  });
  return steps.join(".");
}

/** Mistakes by field. */
export function byField(problems: Problem[], input: unknown): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const problem of problems) {
    const field = fieldOf(problem.path, input);
    found.set(field, [...(found.get(field) ?? []), problem.message]);
  }
  return found;
}

/** The mistakes of one field and of what lies below it. */
export function under(found: Map<string, string[]>, field: string): string[] {
  const messages: string[] = [];
  for (const [place, told] of found) {
    if (place === field || place.startsWith(`${field}.`)) messages.push(...told);
  }
  return messages;
}

/** The mistakes that belong to none of the fields that are shown. */
export function elsewhere(found: Map<string, string[]>, fields: Iterable<string>): string[] {
  const known = [...fields];
  const isShown = (place: string) =>
    known.some((field) => place === field || place.startsWith(`${field}.`));
  return [...found].filter(([place]) => !isShown(place)).flatMap(([, told]) => told);
}

function child(value: unknown, step: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Record<string, unknown>)[step];
}

function entryName(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { name, indicatorId } = value as { name?: string; indicatorId?: string };
  return name ?? indicatorId;
}

function snakeCase(step: string): string {
  return step.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
