// Bundles GraphiQL into dist/, for the page that GET /graphql shows.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = resolve(process.argv[2] ?? join(here, "dist"));
rmSync(out, { recursive: true, force: true });
const { metafile } = await esbuild.build({
  absWorkingDir: here,
  entryPoints: ["src/main.jsx"],
  outdir: out,
  bundle: true,
  // GraphiQL loads its editors when it is shown. A tab that is chosen before they are there is written
  // over with the document of the one that was left: in one file they are there at once.
  splitting: false,
  format: "esm",
  target: "es2022",
  minify: true,
  metafile: true,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  jsx: "automatic",
  tsconfigRaw: "{}", // the console beside it is not of React
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".woff": "file", ".woff2": "file", ".ttf": "file", ".svg": "dataurl" },
  legalComments: "linked",
  logLevel: "error",
});
const [script] = Object.entries(metafile.outputs).find(([, made]) => made.entryPoint === "src/main.jsx");
const page = readFileSync(join(here, "src", "page.html"), "utf8")
  .replace("{{script}}", `/graphiql/${basename(script)}`)
  .replace("{{style}}", `/graphiql/${basename(metafile.outputs[script].cssBundle)}`);
writeFileSync(join(out, "index.html"), page);
