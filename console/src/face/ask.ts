import type { Document } from "./documents";

export interface Problem {
  path: string;
  code: string;
  message: string;
}

/** What the service refused, or why nothing came back: `offline` is a connection that was lost. */
export class FaceError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
  }

  /** Mistakes of the request with their places; empty where it was no such refusal. */
  get problems(): Problem[] {
    const listed = this.details.errors;
    return Array.isArray(listed) ? (listed as Problem[]).map(plain) : [];
  }
}

const MOMENT = "write a day such as 2024-01-31, or a moment such as 2024-01-31T10:00";

/** A mistake without the words of the validator that found it. */
function plain(problem: Problem): Problem {
  const isMoment = problem.code.startsWith("datetime_");
  const message = isMoment ? MOMENT : problem.message.replace(/^Value error, /, "");
  return { ...problem, message };
}

interface Answered<Answer> {
  data?: Answer | null;
  errors?: { message: string; extensions?: { code?: string; details?: Record<string, unknown> } }[];
}

/** Send a document and read its answer; throws `FaceError`, or `AbortError` once aborted. */
export async function ask<Answer, Variables>(
  document: Document<Answer, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Answer> {
  return (await askText(document, variables, signal)).answer;
}

/** The same with the text that came, whose numbers are written as the service wrote them. */
export async function askText<Answer, Variables>(
  document: Document<Answer, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<{ answer: Answer; text: string }> {
  const response = await sent(JSON.stringify({ query: document.text, variables }), signal);
  const text = await read(response);
  return { answer: dataOf(parsed<Answer>(text), response), text };
}

export function parsed<Answer>(text: string): Answered<Answer> {
  try {
    return JSON.parse(text) as Answered<Answer>;
  } catch {
    throw new FaceError("unexpected_error", "The response is not from this service");
  }
}

export function dataOf<Answer>(answer: Answered<Answer>, response: Response): Answer {
  const [error] = answer.errors ?? [];
  if (error !== undefined) {
    const { code = "unexpected_error", details = {} } = error.extensions ?? {};
    const wait = Number(response.headers.get("retry-after") ?? Number.NaN);
    throw new FaceError(code, error.message, details, Number.isFinite(wait) ? wait : null);
  }
  if (answer.data == null) {
    throw new FaceError("unexpected_error", "The response contained no data");
  }
  return answer.data;
}

export async function sent(
  body: string,
  signal?: AbortSignal,
  accept = "application/json",
): Promise<Response> {
  try {
    return await fetch("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: accept },
      body,
      signal: signal ?? null,
    });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new FaceError("offline", "The service could not be reached");
  }
}

export async function read(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new FaceError("offline", "The connection was lost before the answer arrived");
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

export function asFaceError(error: unknown): FaceError {
  if (error instanceof FaceError) return error;
  return new FaceError("unexpected_error", error instanceof Error ? error.message : String(error));
}
