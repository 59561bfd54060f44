"""The ledger: blocks of the target slice, and growth of every trial in each of them."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from backtest.engine.blocks.ledger import MOST, N_BLOCKS, RUINED, UNITS, block_ends
from backtest.engine.pipeline.recorder import Recorded
from backtest.engine.pipeline.risk_plane import RiskPlane
from backtest.types import FloatArray, IntArray, SizingMode
from tests.oracle.cases import random_closes, random_setup, random_signal
from tests.oracle.engine import Setup, play
from tests.oracle.scoring import fast_scores, stages_over

N_SIGNALS = 12
SL = (5.0, 0.0, 0.5, 40.0)
TP = (0.25, 100.0, 0.0)


@pytest.mark.parametrize("n_bars", [64, 65, 100, 127, 128, 35_040])
def test_blocks_cover_the_slice_and_differ_by_one_bar_at_most(n_bars: int) -> None:
    ends = block_ends(n_bars)

    lengths = np.diff(ends, prepend=-1)
    assert len(ends) == N_BLOCKS
    assert ends[-1] == n_bars - 1
    assert lengths.min() >= 1
    assert lengths.max() - lengths.min() <= 1


def test_fewer_bars_than_blocks_cannot_be_cut() -> None:
    with pytest.raises(ValueError, match="63 bars cannot be cut into 64 blocks"):
        block_ends(63)


def exact_totals(close: FloatArray, signal: np.ndarray, setup: Setup) -> FloatArray:
    """Growth since the start at the end of each block, NaN from the block of ruin on."""
    outcome = play(close.tolist(), signal.tolist(), setup)
    equity = np.array(outcome.equity)[block_ends(len(close))] / outcome.init_cash
    is_lost = np.maximum.accumulate(~(equity > 0.0))
    with np.errstate(all="ignore"):
        growth = equity - 1.0 if setup.sizing is SizingMode.FIXED_QUOTE else np.log(equity)
    return np.where(is_lost, np.nan, np.clip(growth * UNITS, -MOST, MOST))


def assert_row(row: IntArray, was_ruined: bool, totals: FloatArray) -> None:
    """Each block within one millionth, and the sum within half of one."""
    is_lost = np.isnan(totals)
    assert was_ruined == is_lost.any()
    assert (row[is_lost] == RUINED).all()
    alive = ~is_lost
    summed, exact = np.cumsum(row, dtype=np.int64)[alive], totals[alive]
    # equity itself is off by rounding; a thousandth of a unit is far more than that
    assert np.abs(summed - exact).max(initial=0.0) <= 0.501
    assert np.abs(row[alive] - np.diff(exact, prepend=0.0)).max(initial=0.0) <= 1.002


def record(
    close: FloatArray, setup: Setup, signals: list[np.ndarray], shortlist: IntArray, *levels: object
) -> Recorded:
    stages = stages_over(close, setup, signals, with_ledger=True)
    plane = RiskPlane(stages._target, *levels)  # pyright: ignore[reportArgumentType]
    fast_scores(stages)
    assert stages.recorder is not None
    winners = np.array([(shortlist[1], 1, 0), (shortlist[0], 0, 0)])
    return stages.recorder.recorded(np.arange(len(signals)), shortlist, plane, winners)


@pytest.mark.parametrize("sizing", SizingMode)
@pytest.mark.parametrize("seed", range(20))
def test_base_variants_grow_as_the_bar_by_bar_loop_says(sizing: SizingMode, seed: int) -> None:
    random = np.random.default_rng((31, seed))
    close = random_closes(random, int(random.integers(64, 900)))
    setup = replace(random_setup(random), sizing=sizing, sl_pct=None, tp_pct=None)
    signals = [random_signal(random, len(close)) for _ in range(N_SIGNALS)]

    found = record(close, setup, signals, np.array([3, 1]), None, None)
    ledger = found.ledger

    assert ledger.growth.shape == (N_SIGNALS, N_BLOCKS)
    for row, was_ruined, total, signal in zip(
        ledger.growth, ledger.ruined, found.base_totals, signals, strict=True
    ):
        assert_row(row, was_ruined, exact_totals(close, signal, setup))
        assert total == row.sum(dtype=np.int64)
    assert ledger.winners.tolist() == [1, 3]


@pytest.mark.parametrize("sizing", SizingMode)
@pytest.mark.parametrize("seed", range(20))
def test_cells_of_the_risk_plane_do_too(sizing: SizingMode, seed: int) -> None:
    random = np.random.default_rng((32, seed))
    close = random_closes(random, int(random.integers(64, 400)))
    setup = replace(random_setup(random), sizing=sizing, sl_pct=None, tp_pct=None)
    signals = [random_signal(random, len(close)) for _ in range(5)]
    stops, profits = SL if seed % 3 else None, TP if seed % 4 or seed % 3 == 0 else None

    found = record(close, setup, signals, np.array([3, 1]), stops, profits)
    ledger = found.ledger

    rest = [0, 2, 4]
    trials = [(signals[base], setup) for base in rest]
    risks = list(product(stops or (None,), profits or (None,)))
    for base in (3, 1):
        trials += [(signals[base], replace(setup, sl_pct=sl, tp_pct=tp)) for sl, tp in risks]
    assert len(trials) == ledger.n_trials
    for row, was_ruined, (signal, own) in zip(ledger.growth, ledger.ruined, trials, strict=True):
        assert_row(row, was_ruined, exact_totals(close, signal, own))
    assert ledger.winners.tolist() == [len(rest) + len(risks), len(rest)]
    # whoever halves the time chooses among all of them without stops
    assert [found.base_at(row) for row in range(5)] == [3, 1, *rest]
    for row, was_ruined, base in zip(
        found.bases.growth, found.bases.ruined, [3, 1, *rest], strict=True
    ):
        assert_row(row, was_ruined, exact_totals(close, signals[base], setup))


def test_where_stage_b_takes_up_all_the_trials_are_what_halves_choose_among() -> None:
    random = np.random.default_rng(33)
    close = random_closes(random, 200)
    setup = replace(random_setup(random), sl_pct=None, tp_pct=None)
    signals = [random_signal(random, len(close)) for _ in range(3)]

    whole = record(close, setup, signals, np.array([2, 0, 1]), SL, None)
    plain = record(close, setup, signals, np.array([2, 0]), None, None)

    assert whole.bases is whole.ledger
    assert plain.bases is plain.ledger
