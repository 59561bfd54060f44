import assert from "node:assert/strict";
import { test } from "node:test";
import { type FragmentDefinitionNode, parse, print } from "graphql";
import { CELL, RUN } from "../src/face/documents";

test("a cell is asked for with the same payload as a run", () => {
  const payloads = [CELL, RUN].map(({ text }) => {
    const found = parse(text).definitions.filter(
      (part): part is FragmentDefinitionNode =>
        part.kind === "FragmentDefinition" && part.name.value === "PayloadParts",
    );
    return found.map(print);
  });
  assert.equal(payloads[0]?.length, 1);
  assert.deepEqual(payloads[0], payloads[1]);
});
