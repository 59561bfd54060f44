// One variant: its chart, its trades, its metrics, and saving it.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { VariantReportInput } from "../../generated/face";
import { asFaceError, ask, type FaceError, isAbort } from "../face/ask";
import { BARS, SAVE, VARIANT } from "../face/documents";
import { unpacked } from "../form/link";
import { isRunnableVariant, TIMEFRAMES } from "../form/request";
import { catalog } from "../state/loaded";
import { originOf } from "../state/origin";
import { href, route } from "../state/route";
import { run } from "../state/run";
import type { Band } from "../view/folds";
import { day } from "../view/format";
import { Empty, Loading, Trouble } from "../view/states";
import { described } from "../view/variants";
import { bandsOf } from "./folds";
import { instrumentTitle } from "./instrumentTitle";
import { Proof, useProof } from "./proof";
import { type Drawn, VariantBody } from "./variantBody";

const MAX_POINTS = 5_000;
const NO_BANDS: Band[] = [];

type Shown =
  | { state: "loading" }
  | { state: "ready"; drawn: Drawn }
  | { state: "failed"; error: FaceError };

export function VariantScreen() {
  const input = unpacked(route.value.carried);
  if (!isRunnableVariant(input)) {
    return (
      <Empty title="This link does not lead to a variant">
        <p>The link is incomplete or was changed. Open the variant from a list of results again.</p>
        <a class="button main" href={href("results")}>
          To the results
        </a>
      </Empty>
    );
  }
  return <Opened key={route.value.carried} input={input} />;
}

function Opened({ input }: { input: VariantReportInput }) {
  const [proven, prove] = useProof(input);
  const bands = useMemo(
    () => (proven.state === "ready" ? bandsOf(proven.proof, input.timeRange.start) : NO_BANDS),
    [proven],
  );
  const origin = useMemo(() => originOf(input), [input.timeRange, run.value]);
  const [shown, setShown] = useState<Shown>({ state: "loading" });
  const [times, again] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    setShown({ state: "loading" });
    drawnVariant(input, MAX_POINTS, leaving.signal)
      .then((drawn) => setShown({ state: "ready", drawn }))
      .catch((error: unknown) => {
        if (!isAbort(error)) setShown({ state: "failed", error: asFaceError(error) });
      });
    return () => leaving.abort();
  }, [input.timeRange, times]);
  return (
    <>
      <header class="title">
        <div>
          <h2>{described(input)}</h2>
          <p class="hint">
            {instrumentTitle({
              marketId: Number(input.instrumentId.marketId),
              symbol: input.instrumentId.symbol,
            })}
            , {TIMEFRAMES[input.timeframe]} bars · {day(input.timeRange.start)} to{" "}
            {day(input.timeRange.end)} UTC
          </p>
        </div>
        {run.value.state === "done" && (
          <a class="button" href={href("results")}>
            All variants
          </a>
        )}
      </header>
      {shown.state === "loading" && <Loading what="Replaying the variant …" />}
      {shown.state === "failed" && <Trouble error={shown.error} retry={() => again(times + 1)} />}
      {shown.state === "ready" && (
        <VariantBody input={input} drawn={shown.drawn} bands={bands}>
          <Proof {...{ input, proven, origin }} retry={prove} />
          <Save input={input} />
        </VariantBody>
      )}
    </>
  );
}

export async function drawnVariant(
  input: VariantReportInput,
  maxPoints: number,
  signal?: AbortSignal,
): Promise<Drawn> {
  const [{ variantReport }, { bars }] = await Promise.all([
    ask(VARIANT, { input, maxPoints }, signal),
    ask(
      BARS,
      {
        instrument: input.instrumentId,
        timeframe: input.timeframe,
        range: input.timeRange,
        maxPoints,
      },
      signal,
    ),
  ]);
  return { report: variantReport, bars: bars.points, barsPerPoint: bars.barsPerPoint };
}

type Saving =
  | { state: "idle" }
  | { state: "saving" }
  | { state: "saved"; name: string }
  | { state: "failed"; error: FaceError };

function Save({ input }: { input: VariantReportInput }) {
  const [name, setName] = useState(
    `${input.instrumentId.symbol} ${described(input)}`.slice(0, 200),
  );
  const [saving, setSaving] = useState<Saving>({ state: "idle" });
  const loaded = catalog.value;
  if (loaded.state !== "ready") return null;
  if (!loaded.value.runtimeDefaults.canSaveStrategies) {
    return (
      <section class="card">
        <h2>Save as a strategy</h2>
        <p class="hint">
          Saving is switched off on this service (<code>server.save_strategies</code>); use{" "}
          <code>roehub-backtest strategies add</code>.
        </p>
      </section>
    );
  }
  const save = async () => {
    setSaving({ state: "saving" });
    try {
      const { saveStrategy } = await ask(SAVE, { input, name });
      setSaving({ state: "saved", name: saveStrategy.name });
    } catch (error) {
      setSaving({ state: "failed", error: asFaceError(error) });
    }
  };
  return (
    <section class="card">
      <h2>Save as a strategy</h2>
      <form
        class="save"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label>
          Name{" "}
          <input
            type="text"
            maxLength={200}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="main" disabled={saving.state === "saving"}>
          Save
        </button>
      </form>
      <p role="status">
        {saving.state === "saved" && (
          <>
            Saved as “{saving.name}”. <a href={href("saved")}>To the saved strategies</a>
          </>
        )}
      </p>
      {saving.state === "failed" && <Trouble error={saving.error} />}
    </section>
  );
}
