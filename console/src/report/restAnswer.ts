// An answer over REST in the words of GraphQL: camelCase, maps as lists, enums by their names.
import { camelCase, TIMEFRAMES } from "../form/request";
import type { RunResult } from "../view/variants";

const SIZING: Record<string, string> = {
  all_in: "ALL_IN",
  fixed_quote: "FIXED_QUOTE",
  strategy_compound: "COMPOUND",
  strategy_compound_profit_lock: "PROFIT_LOCK",
};
const NAMED: Record<string, string> = { metrics: "metric", params: "name", inputs: "name" };

export function toAnswer(rest: Record<string, unknown>): RunResult {
  return toCamel(rest) as RunResult;
}

export function toCamel(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => toCamel(item));
  if (typeof value === "object" && value !== null) return members(Object.entries(value), name);
  return typeof value === "string" ? word(name, value) : value;
}

function members(entries: [string, unknown][], name: string): unknown {
  const key = NAMED[name];
  if (key !== undefined) return entries.map(([entry, value]) => ({ [key]: entry, value }));
  if (name === "reasons") return entries.map(([ratio, reason]) => ({ name: ratio, reason }));
  if (name === "signals") {
    return entries.map(([indicatorId, value]) => ({
      indicatorId,
      params: toCamel(value, "params"),
    }));
  }
  return Object.fromEntries(
    entries.map(([member, value]) => [camelCase(member), toCamel(value, member)]),
  );
}

function word(name: string, value: string): string {
  switch (name) {
    case "timeframe":
      return Object.entries(TIMEFRAMES).find(([, told]) => told === value)?.[0] ?? value;
    case "sizing_mode":
      return SIZING[value] ?? value;
    case "direction_mode":
    case "direction":
    case "exit_reason":
    case "mode":
      return value.toUpperCase().replace("-", "_");
    default:
      return value;
  }
}
