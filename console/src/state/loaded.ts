// What is asked for once: the catalog, the defaults, and what is stored.
import { signal } from "@preact/signals";
import type { CatalogQuery, InstrumentsQuery } from "../../generated/face";
import { asFaceError, ask, type FaceError } from "../face/ask";
import { CATALOG, INSTRUMENTS } from "../face/documents";

export type Loaded<Value> =
  | { state: "loading" }
  | { state: "ready"; value: Value }
  | { state: "failed"; error: FaceError };

export type Indicator = CatalogQuery["indicators"][number];
export type Bounds = Indicator["params"][number];
export type Stored = InstrumentsQuery["instruments"][number];

export const catalog = signal<Loaded<CatalogQuery>>({ state: "loading" });
export const instruments = signal<Loaded<Stored[]>>({ state: "loading" });

export async function load(): Promise<void> {
  catalog.value = { state: "loading" };
  instruments.value = { state: "loading" };
  await Promise.all([
    loadInto(catalog, ask(CATALOG, {})),
    loadInto(
      instruments,
      ask(INSTRUMENTS, {}).then((answer) => answer.instruments),
    ),
  ]);
}

async function loadInto<Value>(
  into: { value: Loaded<Value> },
  asked: Promise<Value>,
): Promise<void> {
  try {
    into.value = { state: "ready", value: await asked };
  } catch (error) {
    into.value = { state: "failed", error: asFaceError(error) };
  }
}
