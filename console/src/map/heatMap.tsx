// Returns over two axes: a table, so that it is read without seeing its colours as well.
import { Scroller } from "../view/scroller";
import type { Variant } from "../view/variants";
import { axisTitle, type Surface, shortTitle, valueOn } from "./axes";
import { type Colour, colourScale } from "./colours";

interface Props {
  surface: Surface;
  best: Variant;
}

export function HeatMap({ surface, best }: Props) {
  const { x, y, xValues, yValues, cells } = surface;
  const returns = cells.flat();
  const colour = colourScale(returns);
  const [column, row] = [xValues.indexOf(found(best, x)), yValues.indexOf(found(best, y))];
  return (
    <figure>
      <Scroller label={`Returns over ${axisTitle(x)} and ${axisTitle(y)}`} kind="heat">
        <table>
          <thead>
            <tr>
              <td class="corner">
                {shortTitle(y)} ↓ <br />
                {shortTitle(x)} →
              </td>
              {xValues.map((value) => (
                <th key={value} scope="col">
                  {value}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {yValues.map((value, j) => (
              <tr key={value}>
                <th scope="row">{value}</th>
                {xValues.map((across, i) => {
                  const told = cells[i]?.[j] ?? null;
                  const isBest = i === column && j === row;
                  return (
                    <Cell
                      key={across}
                      value={told}
                      colour={colour(told)}
                      isBest={isBest}
                      place={`${axisTitle(x)} ${across}, ${axisTitle(y)} ${value}`}
                    />
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <Legend returns={returns} isMarked={column >= 0 && row >= 0} />
    </figure>
  );
}

/** `indexOf` finds nothing where the variant has no value on an axis. */
function found(best: Variant, axis: string): string | number {
  return valueOn(best, axis) ?? Number.NaN;
}

interface CellProps {
  value: number | null;
  colour: Colour;
  isBest: boolean;
  place: string;
}

function Cell({ value, colour, isBest, place }: CellProps) {
  return (
    <td
      class={isBest ? `${colour.side} best` : colour.side}
      title={`${place}: ${value === null ? "no variant" : `${value} %`}`}
      ref={(cell) => {
        cell?.style.setProperty("--strength", colour.strength.toFixed(3));
      }}
    >
      {isBest && <span class="sr">Best variant: </span>}
      {value === null ? "–" : written(value)}
    </td>
  );
}

function written(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 1 : 0);
}

function Legend({ returns, isMarked }: { returns: (number | null)[]; isMarked: boolean }) {
  const known = returns.filter((value) => value !== null);
  if (known.length === 0) return <p class="hint">No variant lies on this map.</p>;
  const least = known.reduce((a, b) => Math.min(a, b));
  const greatest = known.reduce((a, b) => Math.max(a, b));
  return (
    <figcaption class="hint">
      Total return in percent, from {written(least)} to {written(greatest)}; blue gains, orange
      loses, stronger is farther. {isMarked && "The frame marks where the best variant lies. "}
      Without a stop axis all variants are taken without stops; with one, the short-listed are.
    </figcaption>
  );
}
