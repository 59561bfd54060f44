// The button that saves an answer as one file, to be read without a service.
import { useState } from "preact/hooks";
import { asFaceError, FaceError } from "../face/ask";
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
      const report = await reportOf(done);
      saveText("report.html", filled(await reportPage(), report), "text/html");
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

/** The page to fill; its name changes with its content, so a build since may have removed it. */
async function reportPage(): Promise<string> {
  const response = await fetch(REPORT_PAGE);
  if (response.ok) return response.text();
  throw new FaceError(
    "unexpected_error",
    "The console was rebuilt since this page was opened; reload it and save again",
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
