// The button that saves an answer as one file, to be read without a service.
import { useState } from "preact/hooks";
import { asFaceError } from "../face/ask";
import { filled, type ReportFile } from "../report/reportFile";
import type { Run } from "../state/run";
import { saveText } from "../view/take";
import { reportInput } from "../view/variants";
import { drawnVariant } from "./variant";

declare const REPORT_PAGE: string;
const MAX_VARIANTS = 50;
const MAX_POINTS = 1_000;
type Done = Extract<Run, { state: "done" }>;

export function SaveReport({ done }: { done: Done }) {
  const [told, tell] = useState("");
  const save = async () => {
    tell("Drawing the best variant …");
    try {
      const page = await (await fetch(REPORT_PAGE)).text();
      saveText("report.html", filled(page, await reportOf(done)), "text/html");
      tell("");
    } catch (error) {
      tell(asFaceError(error).message);
    }
  };
  return (
    <>
      <span class="hint" role="status">
        {told}
      </span>
      <button type="button" onClick={() => void save()}>
        Save report
      </button>
    </>
  );
}

async function reportOf({ asked, result: whole, seconds }: Done): Promise<ReportFile> {
  const result = { ...whole, variants: whole.variants.slice(0, MAX_VARIANTS) };
  const [best] = result.variants;
  if (!best) return { result, range: asked.range, seconds, best: null };
  const input = reportInput(result, best, asked.range);
  return {
    result,
    range: asked.range,
    seconds,
    best: { input, drawn: await drawnVariant(input, MAX_POINTS) },
  };
}
