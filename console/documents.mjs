// The documents of the console, and the fragments that they share.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "graphql";

const folder = fileURLToPath(new URL("src/documents/", import.meta.url));

/** The text of a document, with what it imports in the place of `#import "./fragments/x.graphql"`. */
export function documentText(path) {
  return readFileSync(path, "utf8").replace(/^#import "(.+)"$/gm, (_, name) =>
    documentText(join(dirname(path), name)),
  );
}

/** Every document as it is sent. */
export function documents() {
  return pathsIn(folder).map((path) => ({ path, document: parse(documentText(path)) }));
}

/** Every file once, so that no fragment is told twice. */
export function files() {
  return [...pathsIn(folder), ...pathsIn(join(folder, "fragments"))].map((path) => ({
    path,
    document: parse(readFileSync(path, "utf8")),
  }));
}

function pathsIn(place) {
  return readdirSync(place)
    .filter((name) => name.endsWith(".graphql"))
    .map((name) => join(place, name));
}

/** Lets esbuild bundle a document as the text that is sent. */
export const documentPlugin = {
  name: "documents",
  setup(build) {
    build.onLoad({ filter: /\.graphql$/ }, ({ path }) => ({
      contents: documentText(path),
      loader: "text",
    }));
  },
};
