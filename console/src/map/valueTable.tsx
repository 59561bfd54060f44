// Value by value along one axis, all other axes taken together.
import { count } from "../view/format";
import { Scroller } from "../view/scroller";
import { type Axis, axisTitle, shortTitle } from "./axes";

export function ValueTable({ axis }: { axis: Axis }) {
  const title = axisTitle(axis.name);
  return (
    <Scroller label={`Value by value: ${title}`} kind="values">
      <table>
        <thead>
          <tr>
            <th scope="col">{shortTitle(axis.name)}</th>
            <th scope="col" class="number">
              Variants
            </th>
            <th scope="col" class="number">
              Best %
            </th>
            <th scope="col" class="number">
              Median %
            </th>
            <th scope="col" class="number">
              With a gain %
            </th>
          </tr>
        </thead>
        <tbody>
          {axis.values.map((told) => (
            <tr key={told.value}>
              <th scope="row">{told.value}</th>
              <td class="number">{count(told.nVariants)}</td>
              <td class="number">{told.bestPct.toFixed(2)}</td>
              <td class="number">{told.medianPct.toFixed(2)}</td>
              <td class="number">{(told.profitableShare * 100).toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
