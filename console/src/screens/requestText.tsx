// The request as text: to read, to copy, to keep as a file or a link, and to bring back.

import { useState } from "preact/hooks";
import type { Form } from "../form/form";
import { packed } from "../form/link";
import { fromRest } from "../form/read";
import { toRest } from "../form/request";
import { laidOut, SPELLINGS, type Spelling, spelled } from "../form/spellings";
import { set } from "../state/draft";
import { href } from "../state/route";
import { Scroller } from "../view/scroller";

export function RequestText({ form }: { form: Form }) {
  const [spelling, choose] = useState<Spelling>("REST");
  const [told, tell] = useState("");
  const text = spelled(form, spelling, location.origin);
  const copy = async (what: string, name: string) => {
    try {
      await navigator.clipboard.writeText(what);
      tell(`${name} copied`);
    } catch {
      tell("The browser does not allow copying here; select the text instead");
    }
  };
  return (
    <details class="card request">
      <summary>The request: copy, share or open it</summary>
      <fieldset class="segments" aria-label="Spelling">
        {SPELLINGS.map((name) => (
          <label key={name}>
            <input
              type="radio"
              name="spelling"
              checked={spelling === name}
              onChange={() => choose(name)}
            />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
      <Scroller label={`The request as ${spelling}`} kind="text">
        <pre>{text}</pre>
      </Scroller>
      <HowToRun spelling={spelling} />
      <div class="buttons">
        <button type="button" onClick={() => void copy(text, spelling)}>
          Copy
        </button>
        <button
          type="button"
          onClick={() =>
            void copy(location.origin + location.pathname + href("ask", packed(form)), "Link")
          }
        >
          Copy link
        </button>
        <a class="button" download="request.json" href={fileOf(form)}>
          Save file
        </a>
        <FileInput onTold={tell} />
      </div>
      <p class="hint" role="status">
        {told}
      </p>
    </details>
  );
}

// the user that `dev` signs this page in as, and that all examples name
const MAKES_TOKEN =
  "export TOKEN=$(roehub-backtest token --user-id 00000000-0000-4000-8000-000000000001)";

function HowToRun({ spelling }: { spelling: Spelling }) {
  if (spelling === "GraphQL") {
    return (
      <p class="hint">
        Paste it into <a href="/graphql">the page of GraphQL</a> and press Run.
      </p>
    );
  }
  if (spelling === "REST") {
    return (
      <p class="hint">
        The body of <code>POST /backtests</code>. Saved as a file, it is run on the machine of the
        service by <code>roehub-backtest run request.json</code>.
      </p>
    );
  }
  return (
    <>
      <p class="hint">
        It reads <code>TOKEN</code>, a token of your identity service. On your own machine this
        makes one:
      </p>
      <pre class="wrapped">{MAKES_TOKEN}</pre>
    </>
  );
}

function fileOf(form: Form): string {
  return `data:application/json,${encodeURIComponent(laidOut(toRest(form)))}`;
}

function FileInput({ onTold }: { onTold: (told: string) => void }) {
  const open = async (file: File | undefined) => {
    if (!file) return;
    try {
      const found = fromRest(JSON.parse(await file.text()));
      if (found) set(found);
      onTold(found ? `${file.name} opened` : `${file.name} holds no request with a template`);
    } catch {
      onTold(`${file.name} is not JSON`);
    }
  };
  return (
    <label class="button">
      Open file
      <input
        type="file"
        class="hidden"
        accept="application/json,.json"
        onChange={(event) => void open(event.currentTarget.files?.[0])}
      />
    </label>
  );
}
