// Every document with the types that the code generator made for it.
import type * as made from "../../generated/face";
import bars from "../documents/bars.graphql";
import catalog from "../documents/catalog.graphql";
import cell from "../documents/cell.graphql";
import deleteStrategy from "../documents/deleteStrategy.graphql";
import estimate from "../documents/estimate.graphql";
import instruments from "../documents/instruments.graphql";
import map from "../documents/map.graphql";
import proof from "../documents/proof.graphql";
import run from "../documents/run.graphql";
import saveStrategy from "../documents/saveStrategy.graphql";
import strategies from "../documents/strategies.graphql";
import variant from "../documents/variant.graphql";

/** A document's text; the types of its answer and its variables travel along. */
export interface Document<Answer, Variables> {
  text: string;
  readonly answer?: Answer;
  readonly variables?: Variables;
}

export const CATALOG: Document<made.CatalogQuery, made.CatalogQueryVariables> = { text: catalog };
export const INSTRUMENTS: Document<made.InstrumentsQuery, made.InstrumentsQueryVariables> = {
  text: instruments,
};
export const BARS: Document<made.BarsQuery, made.BarsQueryVariables> = { text: bars };
export const ESTIMATE: Document<made.EstimateQuery, made.EstimateQueryVariables> = {
  text: estimate,
};
export const RUN: Document<made.RunSubscription, made.RunSubscriptionVariables> = { text: run };
export const MAP: Document<made.GridMapMutation, made.GridMapMutationVariables> = { text: map };
export const CELL: Document<made.CellMutation, made.CellMutationVariables> = { text: cell };
export const VARIANT: Document<made.VariantQuery, made.VariantQueryVariables> = { text: variant };
export const PROOF: Document<made.ProofMutation, made.ProofMutationVariables> = { text: proof };
export const STRATEGIES: Document<made.StrategiesQuery, made.StrategiesQueryVariables> = {
  text: strategies,
};
export const SAVE: Document<made.SaveStrategyMutation, made.SaveStrategyMutationVariables> = {
  text: saveStrategy,
};
export const DELETE: Document<made.DeleteStrategyMutation, made.DeleteStrategyMutationVariables> = {
  text: deleteStrategy,
};
