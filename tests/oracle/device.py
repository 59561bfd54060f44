"""The same runs on a device and on the processors, small enough for a simulated device.

As a program it computes them under the simulator of CUDA, where a kernel is Python and a thread of
the device is a thread: `python -m tests.oracle.device FILE`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from backtest.axes import explicit
from backtest.control import Control
from backtest.engine.blocks.ledger import N_BLOCKS, RUINED, Ledger
from backtest.engine.find_device import DevicePreference, accelerator_for
from backtest.engine.money.target import TargetSlice
from backtest.engine.pipeline import on_device, planes_on_device
from backtest.engine.pipeline.risk_plane import RiskPlane
from backtest.engine.pipeline.slabs import slabs_of
from backtest.engine.pipeline.stages import Stages
from backtest.engine.signal_rows.combos import Batch, Combos
from backtest.engine.workers.accelerator import Accelerator
from backtest.engine.workers.chunks import Workers
from backtest.evidence import on_device as evidence_on_device
from backtest.evidence.luck import best_by_luck, observe
from backtest.evidence.pbo import champions_of, counts_of
from backtest.evidence.resamples import draw_resamples
from backtest.evidence.rows import describe_rows
from backtest.evidence.splits import column_splits
from backtest.request import RunRequest
from backtest.types import DirectionMode, FloatArray, IntArray, SignalArray, SizingMode, TimeRange
from tests.backtest.evidence.ledgers import ledger_of, noise
from tests.backtesters import POLICY, USER, NoDefaults, NoStrategies, no_spec
from tests.memory_feed import MemoryFeed
from tests.oracle.cases import random_closes, random_setup, random_signal
from tests.oracle.scoring import GivenCombos, bars_of, bit_rows, settings_for
from tests.property.scene import CANDLES, bits, template
from tests.simulator import take_turns

ROOT = Path(__file__).parents[2]
N_CASES = 12
# Stop-losses and take-profits, one of them missing or both, in an order that is not theirs.
PLANES = (
    ((2.0, 0.0, 12.5), (1.0, 0.0)),
    ((5.0, 0.5), None),
    (None, (3.0, 0.1, 50.0)),
    (None, None),
)
N_RESAMPLES = 20
N_FAST, N_SLOW = 6, 3
# Two outer variants of a case at most, so that every case takes several launches.
SMALL_LAUNCH = 2 * N_FAST * 1_400
# One variant with its growth, or some with their scores.
SMALL_PLANES = 40_000
Arrays = dict[str, np.ndarray]


class WithSlowRows(GivenCombos):
    """Fast signals, each under one of a few slow ones, or under none."""

    def __init__(self, fast: list[SignalArray], slow: list[SignalArray]) -> None:
        super().__init__(fast)
        if slow:
            self.slow_rows = np.stack([bit_rows(signal) for signal in slow])
            self.n_outer = len(slow)

    def slow_ids(self, outers: IntArray) -> IntArray:
        return outers[:, None] if len(self.slow_rows) else super().slow_ids(outers)

    def batches(self, combos: IntArray) -> Iterator[Batch]:
        outer, fast = np.divmod(combos, self.n_fast)
        yield Batch(np.arange(len(combos)), self.slow_ids(outer), fast, self._rows)


def stages_of_case(number: int, accelerator: Accelerator, *, with_ledger: bool = False) -> Stages:
    random = np.random.default_rng((51, number))
    close = random_closes(random, int(random.integers(64, 300)))
    setup = replace(
        random_setup(random),
        sizing=list(SizingMode)[number % 4],
        direction=list(DirectionMode)[number // 4 % 3],
    )
    fast = [random_signal(random, len(close)) for _ in range(N_FAST)]
    slow = [random_signal(random, len(close)) for _ in range(N_SLOW if number % 3 else 0)]
    target = TargetSlice.of(bars_of(close), settings_for(setup, len(close)))
    return Stages(
        cast("Combos", WithSlowRows(fast, slow)), target, Workers(1, accelerator), Control(),
        with_ledger=with_ledger,
    )  # fmt: skip


def raw_scores(stages: Stages) -> FloatArray:
    """Fast scores of all combos, NaN where only exact ones count."""
    ((_, rows),) = stages.combos.fast_blocks()
    return stages.fast_scores(stages.combos.slow_ids(np.arange(stages.combos.n_outer)), rows)


def requests() -> Iterator[RunRequest]:
    """Small grids through the whole use-case, one for each sizing."""
    for sizing, direction in zip(SizingMode, [*DirectionMode, *DirectionMode], strict=False):
        made = replace(
            template(sizing_mode=sizing, direction_mode=direction),
            signal_grids={
                "momentum.rsi": {"long_threshold": explicit(55), "short_threshold": explicit(45)}
            },
        )
        minutes = TimeRange(start_ms=60 * 60_000, end_ms=260 * 60_000)
        yield RunRequest(time_range=minutes, template=made, top_k=10, preselect=6)


def computed(wish: DevicePreference) -> Arrays:
    """Everything that must be the same whoever computes it."""
    with_device = accelerator_for(wish)
    found: Arrays = {}
    for number in range(N_CASES):
        stages = stages_of_case(number, with_device)
        found[f"scores {number}"] = raw_scores(stages)
        found[f"scored by, case {number}"] = np.array(stages.scored_by)
        found |= ledger_of_case(number, with_device)
    for number in range(N_CASES):
        found |= planes_of_case(number, with_device)
    found |= statistics_by(with_device)
    with_backtester(found, wish)
    with_device.close()
    return found


def ledger_of_case(number: int, accelerator: Accelerator) -> Arrays:
    """Scores and growth as they are kept, before what must be exact is repeated."""
    stages = stages_of_case(number, accelerator, with_ledger=True)
    assert stages.recorder is not None
    (slab,) = slabs_of(stages.combos)
    scores = stages.recorder.scores(slab)
    return {
        f"scores with growth {number}": scores,
        f"growth {number}": stages.recorder._growth,
        f"ruined {number}": stages.recorder._ruined,
        f"scored by, growth {number}": np.array(stages.scored_by),
    }


def planes_of_case(number: int, accelerator: Accelerator) -> Arrays:
    """A case over every kind of plane: scores as they count, and growth."""
    found: Arrays = {}
    for stops, profits in PLANES:
        stages = stages_of_case(number, accelerator, with_ledger=True)
        recorder = stages.recorder
        assert recorder is not None
        plane = RiskPlane(stages._target, stops, profits)
        combos = np.arange(stages.combos.n_outer * N_FAST)[::3]
        shape = (len(combos), plane.n_stops, plane.n_profits)
        growth, ruined = np.empty((*shape, N_BLOCKS), np.int32), np.empty(shape, np.bool_)
        name = f"plane {number}: {stops}, {profits}"
        found[name] = stages.plane_scores(combos, plane)
        recorder._fill(combos, plane, growth, ruined)
        found |= {f"growth over {name}": growth, f"ruined over {name}": ruined}
        found[f"scored by, {name}"] = np.array(stages.scored_by)
    return found


def statistics_by(accelerator: Accelerator) -> Arrays:
    """What is found among a few trials under some splits and in some resamples."""
    workers, control = Workers(1, accelerator), Control()
    ledger = a_ledger()
    rows = describe_rows(ledger, workers, control)
    masks = np.ascontiguousarray(column_splits()[::150])
    champions = champions_of(ledger, rows, masks, workers, control)
    after = rows.totals.astype(np.int64)[champions.rows] - champions.growth
    resamples = draw_resamples("seed", ledger.holding, N_RESAMPLES)
    luck = best_by_luck(ledger, observe(ledger, rows), resamples, workers, control)
    counts = counts_of(ledger, masks, after, workers, control)
    workers.close()
    return {"champions": np.stack(champions), "counts": np.stack(counts), "luck": luck}


def a_ledger() -> Ledger:
    """Ten trials: among them two that are equal, one that rests, and one that was ruined."""
    growth = noise(10)
    growth[4], growth[5] = growth[1], 0
    growth[6, 30:] = RUINED
    return ledger_of(growth, ruined=(6,))


def with_backtester(found: Arrays, wish: DevicePreference) -> None:
    from backtest.run import Backtester  # noqa: PLC0415 - after the simulator was chosen

    backtester = Backtester(
        candles=cast("MemoryFeed", CANDLES), strategies=NoStrategies(), defaults=NoDefaults(),
        read_spec=no_spec, policy=POLICY, accelerator=accelerator_for(wish),
    )  # fmt: skip
    for number, request in enumerate(requests()):
        result = backtester.run(request, user_id=USER, control=Control())
        found[f"answer {number}"] = np.array(repr(bits(result)))
        found[f"scored by, answer {number}"] = np.array(result.scored_by)
    backtester.close()


def simulated(folder: Path) -> Arrays:
    """What a process under the simulator computes."""
    file = folder / "simulated.npz"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.oracle.device", str(file)],
        cwd=ROOT,
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with np.load(file) as arrays:
        return dict(arrays)


if __name__ == "__main__":
    from backtest.evidence.cuda_device import halves, luck

    on_device.LAUNCH_WORK = SMALL_LAUNCH
    planes_on_device.LAUNCH_BYTES = SMALL_PLANES
    evidence_on_device.ROWS_PER_LAUNCH = 6
    halves.ROWS_PER_PART = luck.ROWS_PER_PART = 4
    take_turns()
    np.savez(sys.argv[1], **computed("cuda"))  # pyright: ignore[reportArgumentType]
