"""Scores from running totals against exact ones, against walks, and however they are cut."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from backtest.engine.bits.combine import BitRows
from backtest.engine.blocks.marks import NO_MARKS
from backtest.engine.money.target import TargetSlice
from backtest.engine.pipeline.shortlist import Margin
from backtest.engine.scoring import score_pairs
from backtest.engine.scoring.items import RETURN_PCT
from backtest.engine.scoring.running_totals import LANES, aligned
from backtest.engine.scoring.score_pairs import look_up_pairs, score_by_totals, score_by_walk
from backtest.types import DirectionMode, Execution, FloatArray, IntArray, SignalArray, SizingMode
from tests.backtesters import answer
from tests.oracle.cases import random_closes, random_setup, random_signal
from tests.oracle.engine import Setup
from tests.oracle.scoring import bars_of, bit_rows, settings_for, stages_over
from tests.property.scene import CANDLES, bits, request, template

LINE_BYTES = 64
COSTS = Execution(
    init_cash_quote=1_000.0,
    fixed_quote=100.0,
    safe_profit_percent=30.0,
    fee_pct=0.1,
    slippage_pct=0.01,
)


class Scene(NamedTuple):
    """Slow and fast signals over one target slice; pairs of slow ones are the outer variants."""

    slow: list[SignalArray]
    fast: list[SignalArray]
    outer_ids: IntArray
    close: FloatArray
    setup: Setup

    @property
    def target(self) -> TargetSlice:
        return TargetSlice.of(bars_of(self.close), settings_for(self.setup, len(self.close)))

    @property
    def rows(self) -> BitRows:
        slow, fast = (
            np.stack([bit_rows(signal) for signal in own]) for own in (self.slow, self.fast)
        )
        return BitRows(slow, fast, self.target.side_masks)

    def scores(self, how: score_pairs.ScorePairs) -> FloatArray:
        out = np.empty((len(self.outer_ids), len(self.fast)))
        target = self.target
        how(self.rows, self.outer_ids, target.prices, target.terms, out)
        return out

    def exact(self) -> FloatArray:
        """End equity over initial cash of every pair, by the arithmetic of the log."""
        signals = [
            np.where(np.all([self.slow[s] == fast for s in ids], axis=0), fast, 0).astype(np.int8)
            for ids in self.outer_ids
            for fast in self.fast
        ]
        stages = stages_over(self.close, self.setup, signals)
        returns = stages.exact_metrics(np.arange(len(signals)))[:, RETURN_PCT]
        return 1.0 + returns.reshape(len(self.outer_ids), -1) / 100.0


def looked_up(rows: BitRows, ids: IntArray, prices: object, terms: object, out: FloatArray) -> None:
    nothing = np.empty((*out.shape, 0), np.int32)
    look_up_pairs(rows, ids, prices, terms, NO_MARKS, LANES, out, nothing)  # pyright: ignore[reportArgumentType]


def scene(seed: int, *, sizing: SizingMode, n_bars: int, calm: bool) -> Scene:
    random = np.random.default_rng((7, seed))
    if calm:
        close = 100.0 * np.exp(np.cumsum(random.normal(0, 0.01, n_bars)))
        setup = Setup(execution=COSTS, sizing=sizing)
    else:
        close, setup = random_closes(random, n_bars), replace(random_setup(random), sizing=sizing)
    setup = replace(setup, direction=list(DirectionMode)[seed % 3], sl_pct=0.0, tp_pct=0.0)
    slow, fast = ([random_signal(random, n_bars) for _ in range(n)] for n in (4, LANES + 3))
    outer_ids = np.array([(0, 1), (2, 2), (3, 3), (1, 3)])
    return Scene(slow, fast, outer_ids, close, setup)


def lengths(seed: int) -> int:
    return (1, 63, 64, 127, 128, 129, 200, 255, 256, 257, 500)[seed % 11]


@pytest.mark.parametrize("calm", [True, False])
@pytest.mark.parametrize("sizing", SizingMode)
@pytest.mark.parametrize("seed", range(11))
def test_scores_stay_within_the_margin_or_are_nan(
    seed: int, sizing: SizingMode, calm: bool
) -> None:
    made = scene(seed, sizing=sizing, n_bars=lengths(seed), calm=calm)
    margin = Margin.of(len(made.close), adds_up=sizing is SizingMode.FIXED_QUOTE)

    scores, exact = made.scores(looked_up), made.exact()

    sure = ~np.isnan(scores)
    assert (np.abs(scores - exact)[sure] <= margin.around(exact)[sure] / 2).all()
    assert sure.all() or not calm


@pytest.mark.parametrize("sizing", SizingMode)
@pytest.mark.parametrize("seed", range(11))
def test_where_totals_are_not_certain_pairs_are_walked(seed: int, sizing: SizingMode) -> None:
    made = scene(seed, sizing=sizing, n_bars=lengths(seed), calm=False)

    scores, walked = made.scores(score_by_totals), made.scores(score_by_walk)

    np.testing.assert_array_equal(np.isnan(scores), np.isnan(walked))
    unsure = np.isnan(made.scores(looked_up))
    np.testing.assert_array_equal(scores[unsure], walked[unsure])


@pytest.mark.parametrize("sizing", SizingMode)
def test_a_pair_has_the_same_bits_among_any_others(sizing: SizingMode) -> None:
    made = scene(9, sizing=sizing, n_bars=300, calm=True)
    whole = made.scores(looked_up)

    few = made._replace(fast=made.fast[30:5:-3], outer_ids=made.outer_ids[2:])

    np.testing.assert_array_equal(few.scores(looked_up), whole[2:, 30:5:-3])


def nearly_lost(left: float) -> Scene:
    """A slow signal ends a short of the fast one where all but a share is lost."""
    top = 100.0 * (2.0 - left)
    close = np.array([100.0, top, 100.0, 100.0, 101.0])
    free = replace(COSTS, fee_pct=0.0, slippage_pct=0.0, safe_profit_percent=0.0)
    fast = np.array([-1, -1, -1, 1, 1], np.int8)
    slow = [np.array([-1, 0, 1, 1, 1], np.int8), np.array([-1, -1, -1, 1, 1], np.int8)]
    return Scene(slow, [fast], np.array([[0], [1]]), close, Setup(execution=free))


@pytest.mark.parametrize("left", [1e-4, 1e-8, 0.0, -0.5])
def test_a_row_that_may_lose_nearly_everything_is_not_looked_up(left: float) -> None:
    """The row itself gains; only who leaves it in the middle is lost."""
    assert np.isnan(nearly_lost(left).scores(looked_up)).all()
    assert not np.isnan(nearly_lost(0.01).scores(looked_up)).any()


def test_a_fixed_quote_that_runs_out_between_edges_of_the_slow_signal_is_walked() -> None:
    """The fast row loses 40 % and wins it back while the slow signal stays on its side."""
    close = np.array([100.0, 60.0, 60.0, 100.0, 100.0, 100.0])
    fast = np.array([1, 0, 1, 0, 1, 0], np.int8)
    spent = replace(COSTS, init_cash_quote=150.0, fee_pct=0.0, slippage_pct=0.0)
    made = Scene(
        [np.ones(6, np.int8)], [fast], np.array([[0]]), close,
        Setup(execution=spent, sizing=SizingMode.FIXED_QUOTE),
    )  # fmt: skip
    rich = made._replace(
        setup=replace(made.setup, execution=replace(spent, init_cash_quote=10_000.0))
    )

    assert np.isnan(made.scores(looked_up)).all()
    assert not np.isnan(rich.scores(looked_up)).any()
    np.testing.assert_allclose(made.scores(score_by_totals), made.exact(), rtol=1e-12)


@pytest.mark.parametrize("sizing", SizingMode)
def test_whole_runs_answer_the_same_bits_by_totals_and_by_walk(
    sizing: SizingMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(template(sizing_mode=sizing))
    monkeypatch.setattr(score_pairs, "LEAST_SLOW", 1 << 60)
    walked = bits(answer(CANDLES, asked))
    used: list[int] = []

    def count(*args: object) -> None:
        used.append(1)
        look_up_pairs(*args)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(score_pairs, "LEAST_SLOW", 1)
    monkeypatch.setattr(score_pairs, "LEAST_FAST", 1)
    monkeypatch.setattr(score_pairs, "look_up_pairs", count)

    assert bits(answer(CANDLES, asked)) == walked
    assert used


def test_what_vectors_are_read_from_begins_with_a_line_of_the_cache() -> None:
    plain = getattr(aligned, "py_func", aligned)
    rooms = [plain(n) for n in range(1, 200, 7)]

    assert all(room.ctypes.data % LINE_BYTES == 0 for room in rooms)
    assert [len(room) for room in rooms] == list(range(1, 200, 7))
