// A subscription: events of a run while it goes on, over one request.

import { dataOf, FaceError, isAbort, parsed, read, sent } from "./ask";
import type { Document } from "./documents";

const EVENTS = "text/event-stream";

/**
 * Send a subscription and be told of each of its events.
 *
 * Resolves when it is complete; throws `FaceError`, or `AbortError` once aborted. A refusal before
 * the first event comes as an answer of its own.
 */
export async function watch<Answer, Variables>(
  document: Document<Answer, Variables>,
  variables: Variables,
  tell: (answer: Answer) => void,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify({ query: document.text, variables });
  const response = await sent(body, signal, `${EVENTS}, application/graphql-response+json`);
  if (!response.headers.get("content-type")?.startsWith(EVENTS)) {
    tell(dataOf(parsed<Answer>(await read(response)), response));
    return;
  }
  for await (const { name, data } of eventsOf(textsOf(response))) {
    if (name === "complete") return;
    if (name === "next") tell(dataOf(parsed<Answer>(data), response));
  }
  throw new FaceError("offline", "The connection was lost before the answer arrived");
}

export interface Event {
  name: string;
  data: string;
}

/** The events in a text that comes in pieces, cut anywhere. */
export async function* eventsOf(pieces: AsyncIterable<string>): AsyncGenerator<Event> {
  let held: string[] = [];
  for await (const piece of pieces) {
    // an answer is long: what has not ended is joined once, when it has
    const parts = (held.at(-1)?.endsWith("\n") ? `${held.pop()}${piece}` : piece).split("\n\n");
    const [first = "", ...others] = parts;
    held.push(first);
    for (const other of others) {
      yield eventIn(held.join(""));
      held = [other];
    }
  }
}

function eventIn(block: string): Event {
  const lines = block.split("\n");
  const valueNamed = (name: string) =>
    lines
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim() ?? "";
  return { name: valueNamed("event"), data: valueNamed("data") };
}

async function* textsOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new FaceError("offline", "The connection was lost before the answer arrived");
  } finally {
    reader.releaseLock();
  }
}
