// What surrounds the best variant: a plateau is worth more than a spike of the same height.
import { count, percent } from "../view/format";
import type { Near } from "./around";
import { axisTitle } from "./axes";

const SHAPES: Record<NonNullable<Near["shape"]>, string> = {
  PLATEAU: "The best stands on a plateau",
  SLOPE: "The best stands on a slope",
  SPIKE: "The best is a spike",
};

export function NeighbourhoodOfBest({ near }: { near: Near }) {
  const { shape, nNeighbours, medianPct, worstPct, kept, edges } = near;
  const isTold = nNeighbours > 0 && medianPct != null && worstPct != null;
  return (
    <section class="near">
      <h3>{shape ? SHAPES[shape] : "Around the best"}</h3>
      <p>
        {isTold
          ? `One step away on any axis lie ${count(nNeighbours)} variants. Their median return is ${percent(medianPct)}, the worst ${percent(worstPct)}`
          : "No variant lies one step away"}
        {isTold &&
          kept != null &&
          `; the median neighbour keeps ${percent(kept * 100, 0)} of its gain`}
        .
      </p>
      {edges.length > 0 && (
        <p>
          It has the lowest or highest value that was tried of {edges.map(axisTitle).join(", ")}: a
          wider axis may hold better ones.
        </p>
      )}
    </section>
  );
}
