"""Growth in whole millionths: against exact logarithms, and bit by bit against plain Python."""

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from backtest.engine.blocks import growth as module
from backtest.engine.blocks.growth import grow_row
from backtest.engine.blocks.ledger import MOST, N_BLOCKS, RUINED, UNITS, GrowthArray
from backtest.types import FloatArray


def grown(equity: FloatArray, *, adds_up: bool = False) -> tuple[GrowthArray, bool]:
    out = np.empty(N_BLOCKS, np.int32)
    return out, grow_row(equity.copy(), adds_up, out)


def samples() -> Iterator[FloatArray]:
    random = np.random.default_rng(8)
    yield np.exp(np.cumsum(random.normal(0.0, 0.01, N_BLOCKS)))
    yield np.exp(random.uniform(-500.0, 500.0, N_BLOCKS))
    yield 1.0 + random.uniform(-1e-9, 1e-9, N_BLOCKS)
    yield np.ldexp(random.uniform(0.5, 1.0, N_BLOCKS), np.arange(-32, 32))
    root = math.sqrt(0.5)
    yield np.nextafter(root, np.where(np.arange(N_BLOCKS) % 2, 0.0, 2.0))


def _python_total(equity: float) -> int:
    """The same operations, one after the other, in the interpreter."""
    mantissa, exponent = math.frexp(min(max(equity, module.SMALLEST), module.LARGEST))
    root = np.array([0x3FE6A09E667F3BCD], np.uint64).view(np.float64)[0]
    if mantissa < root:
        mantissa, exponent = 2.0 * mantissa, exponent - 1
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    rest = 1.0 / 9.0 + z * (1.0 / 11.0 + z * (1.0 / 13.0 + z * (1.0 / 15.0)))
    series = 1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * rest)))
    logarithm = float(exponent) * module.LN2 + 2.0 * s * series
    return math.floor(min(max(logarithm * UNITS, -MOST), MOST) + 0.5)


@pytest.mark.parametrize("equity", list(samples()))
def test_machine_code_rounds_as_plain_python_does(equity: FloatArray) -> None:
    row, was_ruined = grown(equity)

    assert np.cumsum(row).tolist() == [_python_total(float(value)) for value in equity]
    assert not was_ruined


def _first_above(total: int) -> float:
    """The least equity that plain Python rounds to more than `total`, by halving."""
    low, high = math.exp((total + 0.4) / UNITS), math.exp((total + 0.6) / UNITS)
    while (middle := (low + high) / 2.0) not in {low, high}:
        if _python_total(middle) > total:
            high = middle
        else:
            low = middle
    return high


def test_machine_code_changes_its_mind_at_the_same_float() -> None:
    """A fused multiply-add, or sums in another order, would move most of these by some floats."""
    totals = np.random.default_rng(9).integers(-3_000_000, 3_000_000, N_BLOCKS)
    above = np.array([_first_above(int(total)) for total in totals])

    rows = [np.cumsum(grown(equity)[0]) for equity in (above, np.nextafter(above, 0.0))]

    assert rows[0].tolist() == (totals + 1).tolist()
    assert rows[1].tolist() == totals.tolist()


def test_the_logarithm_is_the_nearest_millionth() -> None:
    random = np.random.default_rng(10)
    equity = np.exp(random.uniform(-30.0, 30.0, N_BLOCKS))

    row, _ = grown(equity)

    exact = np.array([math.log(Fraction(float(value))) * UNITS for value in equity])
    assert np.abs(np.cumsum(row) - exact).max() <= 0.5 + 1e-6


def test_growth_that_adds_up_is_a_share_of_the_cash() -> None:
    equity = np.linspace(1.01, 1.64, N_BLOCKS)

    row, was_ruined = grown(equity, adds_up=True)

    assert row.tolist() == [10_000] * N_BLOCKS
    assert not was_ruined


@pytest.mark.parametrize("nothing", [0.0, -0.5, math.nan])
@pytest.mark.parametrize("adds_up", [False, True])
def test_ruin_lasts_and_loses_to_every_other_row(nothing: float, adds_up: bool) -> None:
    equity, lost = np.full(N_BLOCKS, 1.5), np.full(N_BLOCKS, 1e-300)
    equity[40] = nothing

    row, was_ruined = grown(equity, adds_up=adds_up)
    loser, _ = grown(lost, adds_up=adds_up)

    assert was_ruined
    assert (row[40:] == RUINED).all()
    assert (row[:40] != RUINED).all()
    assert row.sum(dtype=np.int64) < loser.sum(dtype=np.int64)


@pytest.mark.parametrize("adds_up", [False, True])
def test_what_no_ledger_can_hold_is_cut_off(adds_up: bool) -> None:
    equity = np.full(N_BLOCKS, 1.0)
    equity[5:] = np.inf

    row, was_ruined = grown(equity, adds_up=adds_up)

    assert row.sum(dtype=np.int64) == MOST
    assert not was_ruined
