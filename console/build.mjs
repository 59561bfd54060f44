// Bundles the console into dist/. A document that the schema does not allow fails the build.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { buildSchema, validate } from "graphql";
import { documentPlugin, documents } from "./documents.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
// a folder of its own where a server may be reading dist/: tools/console/build.py exchanges them
const out = resolve(process.argv[2] ?? join(here, "dist"));

export function schemaText() {
  return readFileSync(join(here, "..", "schema", "schema.graphql"), "utf8");
}

function checkDocuments() {
  const schema = buildSchema(schemaText());
  const mistakes = documents().flatMap(({ path, document }) =>
    validate(schema, document).map((mistake) => `${basename(path)}: ${mistake.message}`),
  );
  if (mistakes.length > 0) throw new Error(`The schema does not allow\n${mistakes.join("\n")}`);
}

const shared = {
  absWorkingDir: here,
  bundle: true,
  target: "es2022",
  minify: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [documentPlugin],
  logLevel: "warning",
};

/** The page of a report: everything in one file, with a place for the report itself. */
async function buildReportPage() {
  const made = async (entry, options) => {
    const { outputFiles } = await esbuild.build({
      ...shared,
      ...options,
      entryPoints: [entry],
      write: false,
    });
    return outputFiles[0].text;
  };
  const script = await made("src/report/main.tsx", { format: "iife", legalComments: "none" });
  const style = await made("src/style.css", {});
  const page = readFileSync(join(here, "src", "report", "page.html"), "utf8")
    .replace("{{style}}", () => style)
    .replace("{{script}}", () => script.replaceAll("</script", "<\\/script"));
  const name = `report-${createHash("sha256").update(page).digest("hex").slice(0, 8)}.html`;
  writeFileSync(join(out, name), page);
  return `/console/${name}`;
}

async function bundle(reportPage) {
  const result = await esbuild.build({
    ...shared,
    entryPoints: ["src/main.tsx", "src/style.css"],
    outdir: out,
    splitting: true,
    format: "esm",
    metafile: true,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    define: { REPORT_PAGE: JSON.stringify(reportPage) },
    legalComments: "linked",
  });
  return Object.entries(result.metafile.outputs);
}

function writePage(outputs) {
  const named = (entry) => outputs.find(([, output]) => output.entryPoint === entry);
  const place = (path) => `/console/${basename(path)}`;
  const page = readFileSync(join(here, "src", "index.html"), "utf8")
    .replace("{{script}}", place(named("src/main.tsx")[0]))
    .replace("{{style}}", place(named("src/style.css")[0]));
  writeFileSync(join(out, "index.html"), page);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  checkDocuments();
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  writePage(await bundle(await buildReportPage()));
}
