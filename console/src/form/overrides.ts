// What is changed about a saved strategy for one run of it; what is left alone stays as it was saved.
import type { DirectionMode, OverridesInput, SizingMode } from "../../generated/face";
import { EXECUTION, type ExecutionName, NO_EXECUTION, type RiskForm } from "./form";
import { axisInput, camel, filled, toAxis } from "./request";

export interface Changes {
  direction: DirectionMode | "";
  sizing: SizingMode | "";
  /** The texts that were typed; an empty one leaves the saved value. */
  execution: Record<ExecutionName, string>;
  /** A run takes stop-loss and take-profit from one place: both as saved, neither, or both anew. */
  stops: "saved" | "none" | "these";
  stopLoss: RiskForm;
  takeProfit: RiskForm;
}

export const NO_CHANGES: Changes = {
  direction: "",
  sizing: "",
  execution: NO_EXECUTION,
  stops: "saved",
  stopLoss: { isOn: true, axis: { mode: "list", values: "2" } },
  takeProfit: { isOn: false, axis: { mode: "list", values: "4" } },
};

/** The scalars that can matter: some have a meaning for one way of sizing alone. */
export function shownExecution(changes: Changes): ExecutionName[] {
  const { sizing } = changes;
  return EXECUTION.filter(
    (name) =>
      (name !== "fixed_quote" || sizing === "" || sizing === "FIXED_QUOTE") &&
      (name !== "safe_profit_percent" || sizing === "" || sizing === "PROFIT_LOCK"),
  );
}

/** The overrides of the request; undefined where nothing is changed. */
export function toOverrides(changes: Changes): OverridesInput | undefined {
  const { direction, sizing, stops } = changes;
  const execution = camel(filled(shownExecution(changes), changes.execution));
  const overrides: OverridesInput = {
    ...(direction && { directionMode: direction }),
    ...(sizing && { sizingMode: sizing }),
    ...(Object.keys(execution).length > 0 && { execution }),
    ...(stops !== "saved" && { riskGrid: riskGrid(changes) }),
  };
  return Object.keys(overrides).length > 0 ? overrides : undefined;
}

/** What is changed, in words: what the list of runs calls it. */
export function changesTold(overrides: OverridesInput | undefined): string {
  const { directionMode, sizingMode, execution, riskGrid: risk } = overrides ?? {};
  const told = [
    directionMode && "direction",
    sizingMode && "size",
    execution && "money and costs",
    risk && "stops",
  ].filter(Boolean);
  return told.length === 0 ? "" : ` (other ${told.join(", ")})`;
}

function riskGrid({ stops, stopLoss, takeProfit }: Changes): OverridesInput["riskGrid"] {
  const levels = (risk: RiskForm) => {
    const axis = stops === "these" && risk.isOn ? toAxis(risk.axis) : undefined;
    return axis && axisInput(axis);
  };
  const [sl, tp] = [levels(stopLoss), levels(takeProfit)];
  return {
    slEnabled: sl !== undefined,
    tpEnabled: tp !== undefined,
    ...(sl && { sl }),
    ...(tp && { tp }),
  };
}
