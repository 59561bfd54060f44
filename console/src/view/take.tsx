// Taking text along: to the clipboard, or as a file.
import { useState } from "preact/hooks";

export function Copy({ text, what }: { text: string; what: string }) {
  const [told, tell] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      tell("Copied");
    } catch {
      tell("The browser does not allow copying");
    }
  };
  return (
    <>
      <span role="status" class="hint">
        {told}
      </span>
      <button type="button" onClick={() => void copy()}>
        Copy {what}
      </button>
    </>
  );
}

export function saveText(name: string, text: string, type = "application/json"): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
