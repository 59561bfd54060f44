// The map of the grid. A run that nobody looks at as a map is not asked for one.
import { useEffect, useRef, useState } from "preact/hooks";
import type { RunBacktestInput, SurfaceStatistic } from "../../generated/face";
import { asFaceError, type FaceError, isAbort } from "../face/ask";
import { SelectField } from "../view/field";
import { Loading, Trouble } from "../view/states";
import type { Variant } from "../view/variants";
import { rememberAround } from "./around";
import { askMap, type MapAnswer, type Wanted } from "./askMap";
import {
  type Axis,
  axisTitle,
  type Landscape,
  type Pair,
  type Surface,
  twoThatExplainMost,
  valueOn,
  withAxis,
} from "./axes";
import { HeatMap } from "./heatMap";
import { Importance } from "./importance";
import { NeighbourhoodOfBest } from "./neighbourhood";
import { canOpen, openCell, type Source } from "./openCell";
import type { Pins } from "./pin";
import { SmallMaps } from "./smallMaps";
import { ValueTable } from "./valueTable";

const STATISTICS: readonly (readonly [SurfaceStatistic, string])[] = [
  ["BEST", "best"],
  ["MEDIAN", "median"],
  ["MEAN", "mean"],
  ["SLICE", "slice through the best"],
];

interface Props {
  source: Source;
  best: Variant;
}

interface Kept {
  input: RunBacktestInput;
  wanted: Wanted;
  answer: MapAnswer;
  /** The value of the third axis that is shown large. */
  at: Surface["xValues"][number] | null;
}

/** The last map; who opens a cell and comes back finds it as it was. */
let kept: Kept | null = null;

export function GridMap(props: Props) {
  const wasDrawn = kept?.input === props.source.input;
  const [wasOpened, setOpened] = useState(wasDrawn);
  return (
    <details
      class="card map"
      open={wasDrawn}
      onToggle={(event) => setOpened(wasOpened || event.currentTarget.open)}
    >
      <summary>
        <h2>Map of the grid</h2>
        <span class="hint"> which axis matters, and returns over any two of them</span>
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
  const known = kept?.input === input && kept.wanted === wanted ? kept.answer : null;
  const [shown, setShown] = useState<Shown>({ answer: known, isLoading: !known, error: null });
  const [times, again] = useState(0);
  useEffect(() => {
    if (kept?.input === input && kept.wanted === wanted) return undefined;
    const leaving = new AbortController();
    setShown(({ answer }) => ({ answer, isLoading: true, error: null }));
    askMap(input, wanted, leaving.signal)
      .then((answer) => {
        kept = { input, wanted, answer, at: null };
        rememberAround(input, answer.landscape);
        setShown({ answer, isLoading: false, error: null });
      })
      .catch((error: unknown) => {
        if (isAbort(error)) return;
        setShown(({ answer }) => ({ answer, isLoading: false, error: asFaceError(error) }));
      });
    return () => leaving.abort();
  }, [input, wanted, times]);
  return [shown, () => again(times + 1)];
}

const UNASKED: Wanted = { x: null, y: null, by: null, statistic: "BEST" };

function Opened({ source, best }: Props) {
  const { input } = source;
  const [wanted, want] = useState<Wanted>(kept?.input === input ? kept.wanted : UNASKED);
  const [{ answer, isLoading, error }, again] = useMap(input, wanted);
  const landscape = answer?.landscape;
  const [nearBest] = landscape?.neighbourhoods ?? [];
  return (
    <>
      {landscape && (
        <>
          <div class="columns">
            <Importance axes={landscape.axes} interactions={landscape.interactions ?? null} />
            {nearBest && <NeighbourhoodOfBest near={nearBest} />}
          </div>
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
          <Maps key={keyOf(landscape)} {...{ landscape, source, best }} refusal={answer.refusal} />
          <ValuesOf axes={landscape.axes} x={xOf(landscape, wanted)} />
        </div>
      )}
    </>
  );
}

/** Another map begins with nothing chosen in it. */
function keyOf({ surface, surfaces }: Landscape): string {
  return [surface?.x, surface?.y, surface?.statistic, surfaces?.length].join(" ");
}

interface MapsProps extends Props {
  landscape: Landscape;
  refusal: string | null;
}

/** The large map, beneath the small ones where there is a third axis. */
function Maps({ landscape, source, best, refusal }: MapsProps) {
  const [at, setAt] = useState(kept?.answer.landscape === landscape ? kept.at : null);
  const { surfaces, surface } = landscape;
  const by = kept?.wanted.by ?? null;
  const large = surfaces?.find(({ value }) => value === at)?.surface ?? surface;
  const held: Pins = by !== null && at !== null ? { [by]: at } : {};
  const choose = (value: typeof at) => {
    if (kept) kept.at = value;
    setAt(value);
  };
  return (
    <>
      {refusal !== null && surface && (
        <p class="mistake">The small maps are not drawn: {refusal}.</p>
      )}
      {surfaces && by !== null && <SmallMaps by={by} maps={surfaces} chosen={at} choose={choose} />}
      {large ? (
        <OpenableMap key={at} {...{ source, best, held }} surface={large} />
      ) : (
        <p>{notDrawn(landscape.axes, refusal)}</p>
      )}
    </>
  );
}

type Opening = { state: "idle" } | { state: "looking" } | { state: "failed"; error: FaceError };

interface OpenableProps extends Props {
  surface: Surface;
  held: Pins;
}

/** The map whose cells open their variants. */
function OpenableMap({ source, best, surface, held }: OpenableProps) {
  const [opening, setOpening] = useState<Opening>({ state: "idle" });
  const leaving = useRef(new AbortController());
  useEffect(() => () => leaving.current.abort(), []);
  const { x, y, statistic } = surface;
  const open = async (across: string | number, down: string | number, told: number) => {
    leaving.current.abort();
    leaving.current = new AbortController();
    setOpening({ state: "looking" });
    const pins = { ...held, [x]: across, [y]: down };
    try {
      await openCell(source, { statistic, pins, told }, leaving.current.signal);
      setOpening({ state: "idle" });
    } catch (error) {
      if (!isAbort(error)) setOpening({ state: "failed", error: asFaceError(error) });
    }
  };
  const hasBest = Object.entries(held).every(([axis, value]) => valueOn(best, axis) === value);
  return (
    <>
      <HeatMap {...{ surface, best, hasBest }} open={canOpen(source) ? open : undefined} />
      {opening.state === "looking" && <Loading what="Looking up the variant of the cell …" />}
      {opening.state === "failed" && <Trouble error={opening.error} />}
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
  const choose = (side: keyof Pair) => (name: string) => {
    const next = withAxis(pair, side, name);
    const by = wanted.by === next.x || wanted.by === next.y ? null : wanted.by;
    want({ ...wanted, ...next, by });
  };
  const thirds = options.filter(([name]) => name !== pair.x && name !== pair.y);
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
        label="Show in each cell"
        field="map.statistic"
        value={wanted.statistic}
        options={STATISTICS}
        onChange={(statistic) => want({ ...wanted, statistic })}
      />
      {thirds.length > 0 && (
        <SelectField
          label="One map for each value of"
          field="map.by"
          value={wanted.by ?? ""}
          options={[["", "nothing: one map"], ...thirds]}
          onChange={(by) => want({ ...wanted, ...pair, by: by || null })}
        />
      )}
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
