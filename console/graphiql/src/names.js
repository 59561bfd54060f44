// Names for what GraphiQL leaves without one: the text areas that its editors take input by.
const EDITORS = [
  [".graphiql-query-editor", "Document"],
  ["[aria-label=Variables]", "Variables"],
  ["[aria-label=Headers]", "Headers"],
  [".result-window", "Answer"],
];

/** Name every editor that is there, and those that come later. */
export function nameEditors(root) {
  const name = () => {
    for (const area of root.querySelectorAll(".CodeMirror textarea:not([aria-label])")) {
      const found = EDITORS.find(([place]) => area.closest(place));
      area.setAttribute("aria-label", found?.[1] ?? "Editor");
    }
  };
  new MutationObserver(name).observe(root, { childList: true, subtree: true });
  name();
}
