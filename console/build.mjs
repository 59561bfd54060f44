// Bundles the console into dist/. A document that the schema does not allow fails the build.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { buildSchema, parse, validate } from "graphql";

const here = fileURLToPath(new URL(".", import.meta.url));

export function documents() {
  const folder = join(here, "src", "documents");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".graphql"))
    .map((name) => ({ name, document: parse(readFileSync(join(folder, name), "utf8")) }));
}

export function schemaText() {
  return readFileSync(join(here, "..", "schema", "schema.graphql"), "utf8");
}

function checkDocuments() {
  const schema = buildSchema(schemaText());
  const mistakes = documents().flatMap(({ name, document }) =>
    validate(schema, document).map((mistake) => `${name}: ${mistake.message}`),
  );
  if (mistakes.length > 0) throw new Error(`The schema does not allow\n${mistakes.join("\n")}`);
}

async function bundle() {
  rmSync(join(here, "dist"), { recursive: true, force: true });
  const result = await esbuild.build({
    absWorkingDir: here,
    entryPoints: ["src/main.tsx", "src/style.css"],
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    metafile: true,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".graphql": "text" },
    legalComments: "linked",
    logLevel: "warning",
  });
  return Object.entries(result.metafile.outputs);
}

function writePage(outputs) {
  const named = (entry) => outputs.find(([, output]) => output.entryPoint === entry);
  const place = (path) => `/console/${basename(path)}`;
  const page = readFileSync(join(here, "src", "index.html"), "utf8")
    .replace("{{script}}", place(named("src/main.tsx")[0]))
    .replace("{{style}}", place(named("src/style.css")[0]));
  writeFileSync(join(here, "dist", "index.html"), page);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  checkDocuments();
  writePage(await bundle());
}
