"""The ledger of pairs that are looked up: to the integer that of the walk."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, GrowthArray, block_ends
from backtest.engine.blocks.marks import cut_rows, marks_of
from backtest.engine.scoring.running_totals import LANES
from backtest.engine.scoring.score_growth import grow_by_walk
from backtest.engine.scoring.score_pairs import look_up_growth
from backtest.types import DirectionMode, FloatArray, SizingMode
from tests.backtest.engine.test_score_pairs import COSTS, Scene, scene
from tests.oracle.cases import random_signal
from tests.oracle.engine import Setup


class Grown(NamedTuple):
    """Scores and ledger of all pairs; NaN asks for more certain ones."""

    scores: FloatArray
    growth: GrowthArray
    ruined: FlagArray


def nothing_of(made: Scene) -> Grown:
    shape = len(made.outer_ids), len(made.fast)
    scores, growth = np.full(shape, np.nan), np.zeros((*shape, N_BLOCKS), np.int32)
    return Grown(scores, growth, np.zeros(shape, np.bool_))


def looked_up(made: Scene) -> Grown:
    found, target = nothing_of(made), made.target
    marks = marks_of(target.n_bars, target.terms)
    look_up_growth(
        made.rows, made.outer_ids, target.prices, target.terms, marks, found.scores, found.growth
    )
    return found


def walked(made: Scene, found: Grown | None = None) -> Grown:
    """Whatever has no score yet is walked."""
    found = nothing_of(made) if found is None else found
    rows, target = made.rows, made.target
    marks = marks_of(target.n_bars, target.terms)
    cut = np.empty((len(rows.fast), 2, len(marks.firsts) - 1), np.uint64)
    cut_rows(rows.fast, marks.firsts, cut)
    rows = rows._replace(fast=cut)
    grow_by_walk(rows, made.outer_ids, target.prices, target.terms, marks, *found)
    return found


def lengths(seed: int) -> int:
    return (64, 65, 127, 128, 129, 200, 256, 257, 500, 900, 2_000)[seed % 11]


@pytest.mark.parametrize("cost_pct", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("sizing", SizingMode)
@pytest.mark.parametrize("seed", range(11))
def test_growth_is_that_of_the_walk(seed: int, sizing: SizingMode, cost_pct: float) -> None:
    made = scene(seed, sizing=sizing, n_bars=lengths(seed), calm=True)
    costs = replace(COSTS, fee_pct=cost_pct, slippage_pct=cost_pct / 10)
    made = made._replace(setup=replace(made.setup, execution=costs))

    found, expected = looked_up(made), walked(made)

    sure = ~np.isnan(found.scores)
    np.testing.assert_array_equal(found.growth[sure], expected.growth[sure])
    assert not expected.ruined[sure].any()
    assert sure.mean() > 0.9


@pytest.mark.parametrize("sizing", SizingMode)
@pytest.mark.parametrize("seed", range(11))
def test_what_is_not_certain_is_walked(seed: int, sizing: SizingMode) -> None:
    """Prices jump by factors, accounts are ruined, fees take more than half."""
    made = scene(seed, sizing=sizing, n_bars=lengths(seed), calm=False)

    found, expected = walked(made, looked_up(made)), walked(made)

    np.testing.assert_array_equal(np.isnan(found.scores), np.isnan(expected.scores))
    np.testing.assert_array_equal(found.growth, expected.growth)
    np.testing.assert_array_equal(found.ruined, expected.ruined)


@pytest.mark.parametrize("direction", DirectionMode)
@pytest.mark.parametrize("sizing", SizingMode)
def test_growth_does_not_depend_on_which_signal_is_the_slow_one(
    sizing: SizingMode, direction: DirectionMode
) -> None:
    made = scene(9, sizing=sizing, n_bars=900, calm=True)
    made = made._replace(
        outer_ids=np.arange(4)[:, None], setup=replace(made.setup, direction=direction)
    )
    turned = made._replace(
        slow=made.fast, fast=made.slow, outer_ids=np.arange(len(made.fast))[:, None]
    )

    found, other = (walked(one, looked_up(one)).growth for one in (made, turned))

    np.testing.assert_array_equal(found, other.transpose(1, 0, 2))


def test_growth_does_not_depend_on_the_pairs_beside() -> None:
    made = scene(9, sizing=SizingMode.PROFIT_LOCK, n_bars=900, calm=True)
    whole = looked_up(made)

    few = looked_up(made._replace(fast=made.fast[30:5:-3], outer_ids=made.outer_ids[2:]))

    np.testing.assert_array_equal(few.scores, whole.scores[2:, 30:5:-3])
    np.testing.assert_array_equal(few.growth, whole.growth[2:, 30:5:-3])


class Brink(NamedTuple):
    """A pair whose growth since the start is rounded up at the end of a block, and hardly so."""

    made: Scene
    block: int

    @property
    def bar(self) -> int:
        return int(block_ends(len(self.made.close))[self.block])

    def at(self, price: float) -> Scene:
        """The same where the block ends at another close."""
        close = self.made.close.copy()
        close[self.bar] = price
        return self.made._replace(close=close)

    def total(self, price: float) -> int:
        return int(walked(self.at(price)).growth[0, 0, : self.block + 1].sum())

    def price(self) -> float:
        """The first close, from below, that changes the integer of the walk, by halving."""
        low, high = self.made.close[self.bar] * np.array([1.0 - 1e-5, 1.0 + 1e-5])
        before = self.total(low)
        assert self.total(high) != before
        while (middle := (low + high) / 2.0) not in {low, high}:
            low, high = (middle, high) if self.total(middle) == before else (low, middle)
        return float(high)


def brinks(sizing: SizingMode) -> list[Brink]:
    """Pairs that hold a position over the end of a block, in the middle of many trades."""
    found: list[Brink] = []
    random = np.random.default_rng(41)
    block = 50
    costs = replace(COSTS, fixed_quote=300.0)
    setup = Setup(execution=costs, sizing=sizing, direction=DirectionMode.LONG_SHORT)
    while len(found) < 6:
        close = 100.0 * np.exp(np.cumsum(random.normal(0, 0.01, 640)))
        slow, fast = (random_signal(random, len(close)) for _ in range(2))
        bar = int(block_ends(len(close))[block])
        slow[bar - 1 : bar + 2] = fast[bar - 1 : bar + 2] = 1
        n_edges = np.count_nonzero(np.diff(np.where(slow == fast, slow, 0)))
        if n_edges > 60:
            found.append(Brink(Scene([slow], [fast], np.array([[0]]), close, setup), block))
    return found


@pytest.mark.parametrize("sizing", SizingMode)
def test_next_to_half_a_unit_lookups_would_round_otherwise_and_are_not_relied_on(
    sizing: SizingMode,
) -> None:
    """Without the margin, some growth would be another integer than that of the walk."""
    n_otherwise = n_sure = 0
    for brink in brinks(sizing):
        price = brink.price()
        for n_floats in (0, 1, 2, 4, 16, 64, 256, 1 << 20, 1 << 26):
            for sign in (-1, 1):
                made = brink.at(price + sign * n_floats * float(np.spacing(price)))
                found, expected = looked_up(made), walked(made)
                is_same = np.array_equal(found.growth, expected.growth)
                is_sure = not np.isnan(found.scores[0, 0])
                n_otherwise += not is_same
                n_sure += is_sure
                assert is_same or not is_sure
                assert not is_sure or n_floats > 4
                again = walked(made, found)
                np.testing.assert_array_equal(again.growth, expected.growth)

    assert n_otherwise > 0
    assert n_sure >= LANES // 4
