// Returns over two axes: a table, so that it is read without seeing its colours as well.
import { Scroller } from "../view/scroller";
import type { Variant } from "../view/variants";
import { axisTitle, type Surface, shortTitle, valueOn } from "./axes";
import { type Colour, colourScale } from "./colours";

interface Props {
  surface: Surface;
  best: Variant;
  /** Whether the best variant is one of those that the map shows. */
  hasBest: boolean;
  /** Opens the variant of a cell; absent where none can be opened. */
  open?: ((x: string | number, y: string | number, told: number) => void) | undefined;
}

const STEPS: Record<string, readonly [right: number, down: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Moves the focus among the cells; one of them is reached by Tab, the others by arrows. */
function moveFocus(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  const from = (event.target as HTMLElement).closest("td");
  const row = from?.parentElement as HTMLTableRowElement | null | undefined;
  const table = row?.closest("table");
  if (!step || !from || !row || !table) return;
  event.preventDefault();
  const next = table.rows[row.rowIndex + step[1]]?.cells[from.cellIndex + step[0]];
  const [left, entered] = [from.querySelector("button"), next?.querySelector("button")];
  if (!left || !entered) return;
  left.tabIndex = -1;
  entered.tabIndex = 0;
  entered.focus();
}

export function HeatMap({ surface, best, hasBest, open }: Props) {
  const { x, y, xValues, yValues, cells } = surface;
  const returns = cells.flat();
  const colour = colourScale(returns);
  const column = hasBest ? xValues.indexOf(found(best, x)) : -1;
  const row = hasBest ? yValues.indexOf(found(best, y)) : -1;
  const isMarked = column >= 0 && row >= 0;
  return (
    <figure>
      <Scroller label={`Returns over ${axisTitle(x)} and ${axisTitle(y)}`} kind="heat">
        <table onKeyDown={moveFocus}>
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
                      isEntrance={isMarked ? isBest : i === 0 && j === 0}
                      open={open && told !== null ? () => open(across, value, told) : undefined}
                    />
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
      <Legend returns={returns} {...{ isMarked }} canOpen={Boolean(open)} />
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
  /** Whether Tab goes to this one of all cells. */
  isEntrance: boolean;
  open: (() => void) | undefined;
}

function Cell({ value, colour, isBest, place, isEntrance, open }: CellProps) {
  const told = value === null ? "no variant" : `${value} %`;
  return (
    <td
      class={isBest ? `${colour.side} best` : colour.side}
      title={`${place}: ${told}`}
      ref={(cell) => {
        cell?.style.setProperty("--strength", colour.strength.toFixed(3));
      }}
    >
      {isBest && <span class="sr">Best variant: </span>}
      {open && value !== null ? (
        <button
          type="button"
          tabIndex={isEntrance ? 0 : -1}
          aria-label={`Open ${place}: ${told}`}
          onClick={open}
        >
          {written(value)}
        </button>
      ) : value === null ? (
        "–"
      ) : (
        written(value)
      )}
    </td>
  );
}

function written(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 1 : 0);
}

interface LegendProps {
  returns: (number | null)[];
  isMarked: boolean;
  canOpen: boolean;
}

function Legend({ returns, isMarked, canOpen }: LegendProps) {
  const known = returns.filter((value) => value !== null);
  if (known.length === 0) return <p class="hint">No variant lies on this map.</p>;
  const least = known.reduce((a, b) => Math.min(a, b));
  const greatest = known.reduce((a, b) => Math.max(a, b));
  return (
    <figcaption class="hint">
      Total return in percent, from {written(least)} to {written(greatest)}; blue is a gain, orange
      a loss, and a stronger colour a larger one.{" "}
      {isMarked && "The frame marks where the best variant lies. "}
      {canOpen && "Press a cell to open its best variant. "}
      Without a stop axis, the map shows all variants without stops; with one, only the shortlisted
      variants, with their stops.
    </figcaption>
  );
}
