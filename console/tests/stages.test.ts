import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildSchema, isObjectType } from "graphql";
import { stageTold, TOLD_STAGES } from "../src/view/stages";

// The unit tests run in the folder of the console.
const schema = buildSchema(readFileSync("../schema/schema.graphql", "utf8"));

function stagesOfTheSchema(): string[] {
  const progress = schema.getType("RunProgress");
  assert.ok(isObjectType(progress));
  const told = progress.getFields().stage?.description ?? "";
  return [...told.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? "");
}

test("every stage that a run can be at has words", () => {
  const stages = stagesOfTheSchema();
  assert.ok(stages.length > 10);
  assert.deepEqual(TOLD_STAGES, stages);
});

test("a stage that is newer than the page is readable", () => {
  assert.equal(stageTold("after_that"), "Working: after that");
});
