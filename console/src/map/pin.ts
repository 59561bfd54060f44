// Axes held at one value: the run, or the variant, that a cell of the map stands for.
import type { NamedAxisInput, RunBacktestInput, TemplateRunInput } from "../../generated/face";
import { listed } from "../form/oneVariant";
import type { Variant } from "../view/variants";
import { valueOn } from "./axes";

type Scalar = string | number;
export type Pins = Record<string, Scalar>;
type Payload = Variant["payload"];

const RISKS = { sl_pct: "sl", tp_pct: "tp" } as const;
const isRisk = (axis: string): axis is keyof typeof RISKS => axis in RISKS;

/**
 * The run that answers with the best variant of a cell; null for a saved strategy, whose
 * indicators no run may change. A map without a stop axis is of variants without stops.
 */
export function pinnedRun(input: RunBacktestInput, pins: Pins): RunBacktestInput | null {
  const { template } = input;
  if (!template) return null;
  const { riskGrid, distinct, minTrades, priorTrials, ...rest } = template;
  const pinned: TemplateRunInput = {
    ...rest,
    ranking: { primaryMetric: "TOTAL_RETURN_PCT" },
    topK: 1,
  };
  if (riskGrid && Object.keys(pins).some(isRisk)) pinned.riskGrid = { ...riskGrid };
  for (const [axis, value] of Object.entries(pins)) {
    const held = { explicit: { values: [value] } };
    if (isRisk(axis)) {
      if (pinned.riskGrid) pinned.riskGrid[RISKS[axis]] = held;
      continue;
    }
    const { isSignal, indicatorId, name } = parted(axis);
    if (isSignal) {
      pinned.signalGrids = withParam(pinned.signalGrids ?? [], indicatorId, { name, axis: held });
    } else if (name === "source") {
      pinned.indicatorGrids = listed(pinned.indicatorGrids).map((grid) =>
        grid.indicatorId === indicatorId ? { ...grid, source: held } : grid,
      );
    } else {
      pinned.indicatorGrids = withParam(pinned.indicatorGrids, indicatorId, { name, axis: held });
    }
  }
  return { template: pinned };
}

/** The best variant with other values on the pinned axes: the cell of a slice. */
export function pinnedVariant(payload: Payload, pins: Pins): Payload {
  const hasRisk = Object.keys(pins).some(isRisk);
  const slPct = Number(pins.sl_pct ?? payload.risk.slPct);
  const tpPct = Number(pins.tp_pct ?? payload.risk.tpPct);
  const risk = hasRisk
    ? {
        ...payload.risk,
        ...(payload.risk.slEnabled && { slPct }),
        ...(payload.risk.tpEnabled && { tpPct }),
      }
    : { ...payload.risk, slEnabled: false, slPct: null, tpEnabled: false, tpPct: null };
  const at = (prefix: string) => (item: { name: string; value: Scalar }) => ({
    ...item,
    value: pins[`${prefix}.${item.name}`] ?? item.value,
  });
  return {
    ...payload,
    risk,
    indicatorSelections: payload.indicatorSelections.map((entry) => ({
      ...entry,
      inputs: entry.inputs.map(at(entry.indicatorId)),
      params: entry.params.map(at(entry.indicatorId)),
    })),
    signals: payload.signals.map((entry) => ({
      ...entry,
      params: entry.params.map(at(`signals.${entry.indicatorId}`)),
    })),
  };
}

/** A returned variant of a cell, where its return is the one that the cell tells. */
export function returnedIn(
  variants: readonly Variant[],
  pins: Pins,
  told: number,
): Variant | undefined {
  const hasRisk = Object.keys(pins).some(isRisk);
  return variants.find(({ payload, totalReturnPct }) => {
    const { slEnabled, tpEnabled } = payload.risk;
    if (hasRisk !== (slEnabled || tpEnabled)) return false;
    const isThere = Object.entries(pins).every(
      ([axis, value]) => valueOn({ payload }, axis) === value,
    );
    return isThere && Math.abs(totalReturnPct - told) < ROUNDING_PCT;
  });
}

// A map is made of growth in whole millionths of each of 64 blocks.
const ROUNDING_PCT = 0.01;

/** `signals.momentum.rsi.long_threshold`: the indicator has a dot of its own. */
function parted(axis: string): { isSignal: boolean; indicatorId: string; name: string } {
  const isSignal = axis.startsWith("signals.");
  const steps = axis.slice(isSignal ? "signals.".length : 0).split(".");
  return { isSignal, indicatorId: steps.slice(0, -1).join("."), name: steps.at(-1) ?? "" };
}

interface Grid {
  indicatorId: string;
  params?: NamedAxisInput[] | NamedAxisInput | null | undefined;
}

function withParam<Entry extends Grid>(
  entries: Entry | Entry[],
  indicatorId: string,
  param: NamedAxisInput,
): Entry[] {
  const found = listed(entries);
  const known = found.some((entry) => entry.indicatorId === indicatorId)
    ? found
    : [...found, { indicatorId } as Entry];
  return known.map((entry) => {
    if (entry.indicatorId !== indicatorId) return entry;
    const others = listed(entry.params ?? []).filter(({ name }) => name !== param.name);
    return { ...entry, params: [...others, param] };
  });
}
