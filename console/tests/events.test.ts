import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { type Event, eventsOf } from "../src/face/events";

const TEXT =
  'event: next\ndata: {"a":"x: y"}\n\nevent: next\ndata: {"b":2}\n\nevent: complete\ndata:\n\n';
const EVENTS = [
  { name: "next", data: '{"a":"x: y"}' },
  { name: "next", data: '{"b":2}' },
  { name: "complete", data: "" },
];

async function* pieces(size: number): AsyncGenerator<string> {
  for (let start = 0; start < TEXT.length; start += size) yield TEXT.slice(start, start + size);
}

test("events are found wherever the text that carries them is cut", async () => {
  for (let size = 1; size <= TEXT.length; size += 1) {
    const found: Event[] = [];
    for await (const event of eventsOf(pieces(size))) found.push(event);
    deepEqual(found, EVENTS, `pieces of ${size}`);
  }
});

test("an event that does not end is none", async () => {
  const cut = (async function* () {
    yield TEXT.slice(0, 40);
  })();
  const found: Event[] = [];
  for await (const event of eventsOf(cut)) found.push(event);
  deepEqual(found, EVENTS.slice(0, 1));
});
