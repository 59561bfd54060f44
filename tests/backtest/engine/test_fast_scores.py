"""Fast scores against exact ones: Stage A and the risk plane, every sizing mode."""

from dataclasses import replace

import numpy as np
import pytest

from backtest.engine.pipeline.risk_plane import RiskPlane
from backtest.engine.pipeline.shortlist import Margin
from backtest.engine.scoring.items import RETURN_PCT
from backtest.types import Execution, FloatArray, SizingMode
from tests.oracle.cases import random_closes, random_setup, random_signal
from tests.oracle.engine import Setup, play
from tests.oracle.scoring import fast_scores, stages_over

N_SIGNALS = 24
FREE = Execution(
    init_cash_quote=1_000.0,
    fixed_quote=100.0,
    safe_profit_percent=0.0,
    fee_pct=0.0,
    slippage_pct=0.0,
)
SL = (5.0, 0.0, 0.5, 1.0, 40.0)
TP = (0.25, 100.0, 0.0, 2.0, 10.0)


def assert_within_margin(
    fast: FloatArray, exact_pct: FloatArray, n_bars: int, sizing: SizingMode
) -> None:
    """Two scores may be off by the margin together, so each by half of it."""
    exact = 1.0 + exact_pct / 100.0
    margin = Margin.of(n_bars, adds_up=sizing is SizingMode.FIXED_QUOTE)

    assert not np.isnan(fast).any()
    assert (np.abs(fast - exact) <= margin.around(exact) / 2).all()


@pytest.mark.parametrize("sizing", SizingMode)
@pytest.mark.parametrize("seed", range(25))
def test_stage_a_scores_stay_within_the_margin(sizing: SizingMode, seed: int) -> None:
    random = np.random.default_rng((3, seed))
    close = random_closes(random, int(random.integers(1, 200)))
    setup = replace(random_setup(random), sizing=sizing)
    signals = [random_signal(random, len(close)) for _ in range(N_SIGNALS)]
    stages = stages_over(close, setup, signals)

    fast = fast_scores(stages)
    exact = stages.exact_metrics(np.arange(N_SIGNALS))[:, RETURN_PCT]

    assert_within_margin(fast, exact, len(close), sizing)


@pytest.mark.parametrize("sizing", SizingMode)
@pytest.mark.parametrize("seed", range(25))
def test_plane_scores_stay_within_the_margin(sizing: SizingMode, seed: int) -> None:
    random = np.random.default_rng((4, seed))
    close = random_closes(random, int(random.integers(1, 200)))
    setup = replace(random_setup(random), sizing=sizing)
    signals = [random_signal(random, len(close)) for _ in range(8)]
    stages = stages_over(close, setup, signals)
    stops = SL if seed % 3 else None
    profits = TP if seed % 4 else None
    plane = RiskPlane(stages._target, stops, profits)
    n_cells = plane.n_stops * plane.n_profits

    fast = stages.plane_scores(np.arange(8), plane)
    combos, cells = np.divmod(np.arange(8 * n_cells), n_cells)
    exact = stages.exact_cells(combos, cells, plane)[:, RETURN_PCT]

    assert_within_margin(fast.reshape(-1), exact, len(close), sizing)


@pytest.mark.parametrize("left", [1e-4, 1e-6, 1e-8])
def test_an_account_that_was_nearly_lost_is_scored_exactly(left: float) -> None:
    """A short loses all but a share; a long grows what is left, and its error, ten thousandfold."""
    setup = Setup(execution=replace(FREE, slippage_pct=0.013))
    top = 100.0 * (1.0 - 0.00013) * (2.0 - left) / (1.0 + 0.00013)
    close = np.array([100.0, top, top * 1e4])
    signal = np.array([-1, 1, 1], np.int8)
    stages = stages_over(close, setup, [signal])

    fast = fast_scores(stages)
    exact = stages.exact_metrics(np.zeros(1, np.int64))[:, RETURN_PCT]

    assert_within_margin(fast, exact, len(close), SizingMode.ALL_IN)


@pytest.mark.parametrize("seed", range(6))
def test_exact_cells_are_the_bar_by_bar_numbers_in_request_order(seed: int) -> None:
    random = np.random.default_rng((5, seed))
    close = random_closes(random, 90)
    setup = random_setup(random)
    signal = random_signal(random, len(close))
    stages = stages_over(close, setup, [signal])
    plane = RiskPlane(stages._target, SL, TP)
    n_cells = len(SL) * len(TP)

    exact = stages.exact_cells(np.zeros(n_cells, np.int64), np.arange(n_cells), plane)

    wanted = [total_return(close, signal, setup, sl, tp) for sl in SL for tp in TP]
    assert exact[:, RETURN_PCT].tolist() == wanted


def total_return(
    close: FloatArray, signal: np.ndarray, setup: Setup, sl: float, tp: float
) -> float:
    own = replace(setup, sl_pct=sl, tp_pct=tp)
    return play(close.tolist(), signal.tolist(), own).total_return_pct
