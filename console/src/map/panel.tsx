// The map of the grid. A run that nobody looks at as a map is not asked for one.
import { useEffect, useState } from "preact/hooks";
import type { RunBacktestInput, SurfaceStatistic } from "../../generated/face";
import { asFaceError, type FaceError, isAbort } from "../face/ask";
import { SelectField } from "../view/field";
import { Loading, Trouble } from "../view/states";
import type { Variant } from "../view/variants";
import { askMap, type MapAnswer, type Wanted } from "./askMap";
import {
  type Axis,
  axisTitle,
  type Landscape,
  type Pair,
  twoThatExplainMost,
  withAxis,
} from "./axes";
import { HeatMap } from "./heatMap";
import { Importance } from "./importance";
import { ValueTable } from "./valueTable";

const STATISTICS: readonly (readonly [SurfaceStatistic, string])[] = [
  ["BEST", "best"],
  ["MEDIAN", "median"],
  ["MEAN", "mean"],
  ["SLICE", "slice through the best"],
];

interface Props {
  input: RunBacktestInput;
  best: Variant;
}

export function GridMap(props: Props) {
  const [wasOpened, setOpened] = useState(false);
  return (
    <details
      class="card map"
      onToggle={(event) => setOpened(wasOpened || event.currentTarget.open)}
    >
      <summary>
        <h2>Map of the grid</h2>
      </summary>
      {wasOpened && <Opened {...props} />}
    </details>
  );
}

interface Shown {
  /** The last answer, which stays while another one is on its way. */
  answer: MapAnswer | null;
  isLoading: boolean;
  error: FaceError | null;
}

function useMap(input: RunBacktestInput, wanted: Wanted): [Shown, () => void] {
  const [shown, setShown] = useState<Shown>({ answer: null, isLoading: true, error: null });
  const [times, again] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    setShown(({ answer }) => ({ answer, isLoading: true, error: null }));
    askMap(input, wanted, leaving.signal)
      .then((answer) => setShown({ answer, isLoading: false, error: null }))
      .catch((error: unknown) => {
        if (isAbort(error)) return;
        setShown(({ answer }) => ({ answer, isLoading: false, error: asFaceError(error) }));
      });
    return () => leaving.abort();
  }, [input, wanted, times]);
  return [shown, () => again(times + 1)];
}

function Opened({ input, best }: Props) {
  const [wanted, want] = useState<Wanted>({ x: null, y: null, statistic: "BEST" });
  const [{ answer, isLoading, error }, again] = useMap(input, wanted);
  const landscape = answer?.landscape;
  return (
    <>
      {landscape && (
        <>
          <Importance axes={landscape.axes} interactions={landscape.interactions ?? null} />
          <Choices {...{ landscape, wanted, want }} />
        </>
      )}
      {isLoading && <Loading what="Running the grid again for its map …" />}
      {error && <Trouble error={error} retry={again} />}
      {answer && !landscape && !isLoading && (
        <p>There are too few bars for a map: the range needs at least 64 of them.</p>
      )}
      {landscape && !error && (
        <div class={isLoading ? "drawn stale" : "drawn"} aria-busy={isLoading}>
          {landscape.surface ? (
            <HeatMap surface={landscape.surface} best={best} />
          ) : (
            <p>{notDrawn(landscape.axes, answer.refusal)}</p>
          )}
          <ValuesOf axes={landscape.axes} x={xOf(landscape, wanted)} />
        </div>
      )}
    </>
  );
}

interface ChoicesProps {
  landscape: Landscape;
  wanted: Wanted;
  want: (wanted: Wanted) => void;
}

function Choices({ landscape: { axes }, wanted, want }: ChoicesProps) {
  const pair = pairOf(axes, wanted);
  if (!pair) return null;
  const options = axes.map(({ name }) => [name, axisTitle(name)] as const);
  const choose = (side: keyof Pair) => (name: string) =>
    want({ ...wanted, ...withAxis(pair, side, name) });
  return (
    <div class="row">
      <SelectField
        label="Across"
        field="map.x"
        value={pair.x}
        options={options}
        onChange={choose("x")}
      />
      <SelectField
        label="Down"
        field="map.y"
        value={pair.y}
        options={options}
        onChange={choose("y")}
      />
      <SelectField
        label="Of the variants in a cell"
        field="map.statistic"
        value={wanted.statistic}
        options={STATISTICS}
        onChange={(statistic) => want({ ...wanted, statistic })}
      />
    </div>
  );
}

function ValuesOf({ axes, x }: { axes: Axis[]; x: string | undefined }) {
  const axis = axes.find(({ name }) => name === x);
  return axis ? <ValueTable axis={axis} /> : null;
}

/** What is chosen; before anything is, what the service draws by itself. */
function pairOf(axes: Axis[], { x, y }: Wanted): Pair | null {
  return x && y ? { x, y } : twoThatExplainMost(axes);
}

function xOf({ axes, surface }: Landscape, wanted: Wanted): string | undefined {
  return surface?.x ?? pairOf(axes, wanted)?.x ?? axes[0]?.name;
}

function notDrawn(axes: Axis[], refusal: string | null): string {
  if (axes.length < 2) return "A heat map needs two axes with more than one value each.";
  return `This map is not drawn: ${refusal ?? "it is not there"}. Choose axes with fewer values.`;
}
