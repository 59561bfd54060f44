// Writes generated/face.ts: the types of the schema and of every document.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import { parse } from "graphql";
import { schemaText } from "./build.mjs";
import { files } from "./documents.mjs";

const config = {
  enumsAsTypes: true,
  enumType: "string-literal",
  skipTypename: true,
  avoidOptionals: false,
  scalars: {
    AxisValue: "number | string",
    BigInt: "number",
    DateTime: "string",
    UUID: "string",
    WholeNumber: "number",
  },
};

const folder = fileURLToPath(new URL("generated/", import.meta.url));
const made = await codegen({
  schema: parse(schemaText()),
  documents: files().map(({ path, document }) => ({ location: path, document })),
  filename: "face.ts",
  config,
  plugins: [{ operations: {} }],
  pluginMap: { operations },
});
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}face.ts`, made);
