// The same map once for each value of a third axis, small and side by side, in one scale.
import { axisTitle, type Landscape } from "./axes";
import { type Colour, colourScale } from "./colours";

export type SmallMap = NonNullable<Landscape["surfaces"]>[number];

interface Props {
  by: string;
  maps: SmallMap[];
  chosen: SmallMap["value"] | null;
  choose: (value: SmallMap["value"] | null) => void;
}

export function SmallMaps({ by, maps, chosen, choose }: Props) {
  const colour = colourScale(maps.flatMap(({ surface }) => surface.cells.flat()));
  const title = axisTitle(by);
  return (
    <fieldset class="small-maps">
      <legend>For each value of {title}; press one to see it large</legend>
      {maps.map(({ value, surface }) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === chosen}
          aria-label={`${title} ${value}: ${told(surface.cells)}`}
          onClick={() => choose(value === chosen ? null : value)}
        >
          <Picture cells={surface.cells} colour={colour} />
          <span>{value}</span>
        </button>
      ))}
    </fieldset>
  );
}

interface PictureProps {
  cells: (number | null)[][];
  colour: (value: number | null) => Colour;
}

function Picture({ cells, colour }: PictureProps) {
  const height = cells[0]?.length ?? 0;
  return (
    <svg viewBox={`0 0 ${cells.length} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {cells.map((column, i) =>
        column.map((value, j) => {
          const { side, strength } = colour(value);
          const at = `${i} ${j}`;
          return (
            <rect key={at} class={side} x={i} y={j} width="1.02" height="1.02" opacity={strength} />
          );
        }),
      )}
    </svg>
  );
}

function told(cells: (number | null)[][]): string {
  const known = cells.flat().filter((value) => value !== null);
  if (known.length === 0) return "no variant";
  return `from ${Math.min(...known)} to ${Math.max(...known)} percent`;
}
