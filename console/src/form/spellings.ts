// The request as text to copy: GraphQL, REST, curl, Python. Places and tokens are the page's own.
import copied from "../documents/copied.graphql";
import type { Form } from "./form";
import { toGraphql, toRest } from "./request";

export const SPELLINGS = ["GraphQL", "REST", "curl", "Python"] as const;
export type Spelling = (typeof SPELLINGS)[number];

export function spelled(form: Form, spelling: Spelling, origin: string): string {
  switch (spelling) {
    case "GraphQL":
      return graphql(form);
    case "REST":
      return laidOut(toRest(form));
    case "curl":
      return curl(laidOut(toRest(form)), origin);
    case "Python":
      return python(laidOut(toRest(form)), origin);
  }
}

/** JSON that breaks only lines that would be too long. */
export function laidOut(value: unknown, indent = 0, width = 88): string {
  const line = JSON.stringify(value)
    .replace(/":/g, '": ')
    .replace(/,(?=["{[\d-])/g, ", ");
  if (indent + line.length <= width || typeof value !== "object" || value === null) return line;
  const inner = " ".repeat(indent + 2);
  const items = Array.isArray(value)
    ? value.map((item) => laidOut(item, indent + 2, width))
    : Object.entries(value).map(
        ([name, member]) => `${JSON.stringify(name)}: ${laidOut(member, indent + 2, width)}`,
      );
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${" ".repeat(indent)}${close}`;
}

/** One document without variables, so that it can be pasted and run as it is. */
function graphql(form: Form): string {
  const parts: Record<string, string> = {
    $input: written(toGraphql(form), 2),
    $withEvidence: String(form.evidence),
  };
  const [, body = ""] = copied.trim().split(/^mutation Backtest\(.*\) /m);
  return `mutation Backtest ${body.replace(/\$\w+/g, (name) => parts[name] ?? name)}`;
}

const ENUMS = new Set([
  "timeframe",
  "directionMode",
  "sizingMode",
  "primaryMetric",
  "secondaryMetric",
]);

/** A value as a literal of GraphQL: names without quotes, and so the words of enums. */
function written(value: unknown, indent: number, name = "", width = 88): string {
  if (typeof value === "string" && ENUMS.has(name)) return value;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  const items = (inner: number) =>
    isList
      ? value.map((item) => written(item, inner))
      : Object.entries(value).map(([key, item]) => `${key}: ${written(item, inner, key)}`);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  const line = `${open}${items(0).join(", ")}${close}`;
  if (indent + line.length <= width && !line.includes("\n")) return line;
  const inner = " ".repeat(indent + 2);
  return `${open}\n${inner}${items(indent + 2).join(`,\n${inner}`)}\n${" ".repeat(indent)}${close}`;
}

function curl(body: string, origin: string): string {
  return [
    `curl -s ${quoted(`${origin}/backtests`)} \\`,
    `  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d ${quoted(body)}`,
  ].join("\n");
}

function python(body: string, origin: string): string {
  return [
    "import json, os, urllib.request",
    "",
    `body = r'''${body}'''`,
    "request = urllib.request.Request(",
    `    ${JSON.stringify(`${origin}/backtests`)},`,
    "    body.encode(),",
    '    {"Authorization": "Bearer " + os.environ["TOKEN"], "Content-Type": "application/json"},',
    ")",
    "with urllib.request.urlopen(request) as response:",
    "    answer = json.load(response)",
    'for variant in answer["variants"][:10]:',
    '    print(variant["total_return_pct"], variant["payload"]["indicator_selections"])',
  ].join("\n");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
