// The states that are not the good one: loading, empty, failed, refused, signed out.
import type { ComponentChildren } from "preact";
import type { FaceError } from "../face/ask";
import { bytes, count, sentence } from "./format";

export function Loading({ what }: { what: string }) {
  return (
    <p class="loading" role="status">
      <span class="spinner" aria-hidden="true" /> {what}
    </p>
  );
}

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="state">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

interface Told {
  title: string;
  advice: ComponentChildren;
}

interface TroubleProps {
  error: FaceError;
  retry?: (() => void) | undefined;
  children?: ComponentChildren;
}

// Where the message of the service says once more what the title says.
const TOLD_BY_TITLE = new Set([
  "unauthorized",
  "forbidden",
  "not_found",
  "offline",
  "overloaded",
  "rate_limited",
]);
// Where the same request is refused for as long as it is the same.
export const SAME_AGAIN: ReadonlySet<string> = new Set(["validation_error", "not_found"]);

/** What went wrong, and what to do about it. */
export function Trouble({ error, retry, children }: TroubleProps) {
  const told = toldOf(error);
  return (
    <section class="state trouble" role="alert">
      <h2>{told.title}</h2>
      {!TOLD_BY_TITLE.has(error.code) && error.problems.length === 0 && (
        <p>{sentence(error.message)}</p>
      )}
      {error.problems.length > 0 && (
        <ul>
          {error.problems.map(({ path, message }) => (
            <li key={path + message}>
              {placeTold(path) && `${placeTold(path)}: `}
              {message}
            </li>
          ))}
        </ul>
      )}
      <div class="advice">{told.advice}</div>
      <div class="buttons">
        {retry && !SAME_AGAIN.has(error.code) && (
          <button type="button" class="main" onClick={retry}>
            Try again
          </button>
        )}
        {children}
      </div>
    </section>
  );
}

function toldOf(error: FaceError): Told {
  switch (error.code) {
    case "unauthorized":
      return {
        title: "Not signed in",
        advice: (
          <p>
            This page uses the cookie of your identity service, and the service found none that is
            valid. Sign in there and reload this page. On your own machine, open it as{" "}
            <code>http://127.0.0.1</code> with the port of <code>serve</code>: there it signs you in
            by itself.
          </p>
        ),
      };
    case "offline":
      return {
        title: "No connection to the service",
        advice: (
          <p>What you filled in is kept. Check that the service is running, then try again.</p>
        ),
      };
    case "deadline_exceeded":
      return {
        title: "The run took too long",
        advice: (
          <ul>
            <li>Make a range coarser: a step of 10 tries a tenth of what a step of 1 tries.</li>
            <li>Choose a longer timeframe, or a shorter span of time.</li>
            <li>Drop an indicator, or levels of stop-loss and take-profit.</li>
          </ul>
        ),
      };
    case "forbidden":
      return {
        title: "This strategy belongs to somebody else",
        advice: <p>Only the user who saved it can run it. Are you signed in as the right user?</p>,
      };
    case "not_found":
      return {
        title: "This strategy no longer exists",
        advice: <p>It has been deleted since; open the list again to see what is left.</p>,
      };
    case "rate_limited":
      return { title: "You have used up your own limit", advice: <p>{waitTold(error)}</p> };
    case "overloaded":
      return {
        title: "The service is busy",
        advice: (
          <>
            <p>
              Other runs have taken every place. Yours has not begun; what you filled in is kept.
            </p>
            <p>{waitTold(error)}</p>
          </>
        ),
      };
    case "unavailable":
      return {
        title: "The service is temporarily unavailable",
        advice: <p>Nothing is wrong with the request. Try again in a moment.</p>,
      };
    case "validation_error":
      return guardTold(error);
    default:
      return {
        title: "Something went wrong in the service",
        advice:
          typeof error.details.error_id === "string" ? (
            <p>
              The log of the service says more; look there for <code>{error.details.error_id}</code>
              .
            </p>
          ) : (
            <p>Try again; if it happens again, the log of the service says more.</p>
          ),
      };
  }
}

/** Where a mistake is, in words: `indicator grids, 1, window` of `indicator_grids.0.window`. */
function placeTold(path: string): string {
  return path
    .replace(/^input\.?((template|saved)\.?)?/, "")
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    .replaceAll("_", " ")
    .split(".")
    .map((step) => (/^\d+$/.test(step) ? String(Number(step) + 1) : step))
    .join(", ");
}

function waitTold(error: FaceError): string {
  const wait = error.retryAfterSeconds;
  if (wait === null) return "Try again in a moment.";
  return `Try again in ${wait} ${wait === 1 ? "second" : "seconds"}.`;
}

function guardTold(error: FaceError): Told {
  if (error.problems.some((problem) => problem.code === "no_market_data")) {
    return {
      title: "No candles in this range",
      advice: <p>Go back to the form and choose a range that the instrument covers.</p>,
    };
  }
  const { details } = error;
  const numbers = Object.entries(details).filter(([, value]) => typeof value === "number");
  if (numbers.length === 0 || error.problems.length > 0)
    return { title: "The request was refused", advice: null };
  return {
    title: "Larger than the service allows",
    advice: (
      <dl>
        {numbers.map(([name, value]) => (
          <div key={name}>
            <dt>{name.replaceAll("_", " ")}</dt>
            <dd>{name.includes("bytes") ? bytes(Number(value)) : count(Number(value))}</dd>
          </div>
        ))}
      </dl>
    ),
  };
}
