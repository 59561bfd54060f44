// A variant as a run of it alone, which has what a report has not: a receipt, and folds.
import type {
  AxisInput,
  NamedValueInput,
  RunBacktestInput,
  VariantReportInput,
} from "../../generated/face";

type Listed<Item> = Item | Item[] | null | undefined;

export function asRun(input: VariantReportInput): RunBacktestInput {
  const { indicatorSelections, signals, risk, ...rest } = input;
  return {
    template: {
      ...rest,
      topK: 1,
      indicatorGrids: listed(indicatorSelections).map(({ indicatorId, source, params }) => ({
        indicatorId,
        ...(source != null && { source: held(source) }),
        params: heldParams(params),
      })),
      signalGrids: listed(signals).map(({ indicatorId, params }) => ({
        indicatorId,
        params: heldParams(params),
      })),
      ...(risk && {
        riskGrid: {
          slEnabled: risk.slEnabled ?? false,
          tpEnabled: risk.tpEnabled ?? false,
          ...(risk.slEnabled && risk.slPct != null && { sl: held(risk.slPct) }),
          ...(risk.tpEnabled && risk.tpPct != null && { tp: held(risk.tpPct) }),
        },
      }),
    },
  };
}

function heldParams(params: Listed<NamedValueInput>) {
  return listed(params).map(({ name, value }) => ({ name, axis: held(value) }));
}

function held(value: string | number): AxisInput {
  return { explicit: { values: [value] } };
}

export function listed<Item>(items: Listed<Item>): Item[] {
  return items == null ? [] : Array.isArray(items) ? items : [items];
}
