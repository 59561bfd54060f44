// What `make check` runs: the types of the schema, the types of the sources, lint, unit tests.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { documentPlugin } from "./documents.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

function call(...command) {
  const { status } = spawnSync(process.execPath, command, { cwd: here, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

async function test() {
  const folder = mkdtempSync(join(tmpdir(), "console-tests-"));
  try {
    await esbuild.build({
      absWorkingDir: here,
      entryPoints: readdirSync(join(here, "tests")).map((name) => `tests/${name}`),
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      platform: "node",
      format: "esm",
      plugins: [documentPlugin],
    });
    const built = readdirSync(folder).map((name) => join(folder, name));
    call("--test", "--test-reporter=dot", ...built);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

call("generate.mjs");
call(join("node_modules", "typescript", "bin", "tsc"), "--project", ".");
call(join("node_modules", "@biomejs", "biome", "bin", "biome"), "ci", "--colors=off", ".");
await test();
