"""The reality check beside its slow twin."""

import numpy as np
import pytest

from backtest.control import Control
from backtest.engine.blocks.ledger import Ledger
from backtest.engine.workers.chunks import Workers
from backtest.evidence import reality_check as module
from backtest.evidence.resamples import draw_resamples
from backtest.evidence.result import Comparison, RealityCheck
from backtest.evidence.rows import describe_rows
from tests.backtest.evidence.ledgers import ledger_of, noise
from tests.oracle import evidence as twin

SEED = "a:b"


def check(ledger: Ledger, workers: Workers, odds: float = 1.0) -> RealityCheck:
    rows = describe_rows(ledger, workers, Control())
    return module.reality_check(ledger, rows, SEED, odds, workers, Control())


def cash(ledger: Ledger, workers: Workers, odds: float = 1.0) -> Comparison:
    found = check(ledger, workers, odds).against_cash
    assert found is not None
    return found


def p_values(comparison: Comparison | None) -> list[float | None]:
    assert comparison is not None
    return [one.p_value for one in comparison.adjusted]


def test_resamples_are_those_of_the_page() -> None:
    resamples = draw_resamples(SEED, noise(1)[0])

    for r in (0, 1, 999):
        blocks = (resamples.starts[r][:, None] + np.arange(4)) % 64
        assert blocks.ravel().tolist() == twin.resample(SEED, r)
        assert resamples.holding[0, r] == noise(1)[0][blocks].sum(dtype=np.int64)


def test_resamples_never_change() -> None:
    """Written down once: an answer of today must be made again in ten years."""
    starts = draw_resamples("seed", noise(1)[0], 2).starts

    assert starts.tolist() == [
        [24, 57, 8, 45, 54, 42, 21, 22, 32, 35, 54, 30, 30, 47, 18, 3],
        [1, 36, 58, 59, 2, 9, 61, 5, 44, 7, 52, 43, 58, 23, 20, 61],
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_agrees_with_the_slow_twin(
    seed: int, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    growth, holding = noise(4, seed), noise(1, seed + 50)[0]
    growth[1] += 9_000
    growth[2, 5:] = 0  # moves in five blocks only
    growth[3] = 0
    n_resamples = 100
    monkeypatch.setattr(module, "draw_resamples", lambda s, h: draw_resamples(s, h, n_resamples))

    found = check(ledger_of(growth, winners=(0, 1, 2, 3), holding=holding), workers)

    above = (growth.astype(np.int64) - holding).tolist()
    expected = twin.p_values(growth.tolist(), SEED, n_resamples)
    assert p_values(found.against_cash) == pytest.approx([*expected[:3], None], abs=1e-6)
    expected = twin.p_values(above, SEED, n_resamples)
    assert p_values(found.against_holding) == pytest.approx(expected, abs=1e-6)


def test_the_best_of_all_has_the_smallest_p_value(workers: Workers) -> None:
    growth = noise(200)
    found = cash(ledger_of(growth, winners=tuple(range(200))), workers)

    values = [one.p_value for one in found.adjusted]
    statistics = [one.statistic for one in found.adjusted]
    assert found.p_value == min(value for value in values if value is not None)
    assert statistics[found.row] == found.statistic
    assert found.n_compared == 200


def test_growth_that_luck_cannot_make_is_found(workers: Workers) -> None:
    growth = noise(500)
    growth[7] += 40_000

    found = cash(ledger_of(growth, winners=(7, 8)), workers)

    best, other = p_values(found)
    assert best is not None
    assert other is not None
    assert found.row == 7
    assert best < 0.01
    assert other > 0.5


def test_what_never_traded_has_no_p_value_and_changes_no_other(workers: Workers) -> None:
    growth = noise(50)
    with_flat = np.vstack([growth, np.zeros((3, 64), np.int32)])

    found = cash(ledger_of(with_flat, winners=(0, 50)), workers)

    alone = cash(ledger_of(growth), workers)
    assert found.adjusted[0] == alone.adjusted[0]
    assert found.adjusted[1].p_value is None
    assert found.adjusted[1].reason
    assert found.n_compared == 50


def test_a_ruined_variant_is_not_compared(workers: Workers) -> None:
    growth = noise(50)
    growth[3] += 500_000

    found = check(ledger_of(growth, winners=(3, 0), ruined=(3,)), workers)

    assert p_values(found.against_cash)[0] is None
    assert p_values(found.against_holding)[0] is None
    assert found.against_cash is not None
    assert found.against_cash.row != 3


def test_holding_itself_cannot_be_compared_with_holding(workers: Workers) -> None:
    growth = noise(3)
    growth[1:] = growth[0]

    found = check(ledger_of(growth, holding=growth[0].copy()), workers)

    assert found.against_holding is None
    assert found.against_cash is not None


def test_quiet_variants_do_not_hide_a_good_one(workers: Workers) -> None:
    """Without a least deviation, a resample in which one of them rests beats everything."""
    growth = noise(300)
    growth[20:] = 0
    random = np.random.default_rng(5)
    for m in range(20, 300):
        growth[m, random.choice(64, 3, replace=False)] = [-40_000, -1_000, 30]
    growth[0] += 40_000

    assert cash(ledger_of(growth), workers).adjusted[0].p_value == pytest.approx(0.001, abs=1e-3)


def test_prior_trials_raise_the_p_value(workers: Workers) -> None:
    ledger = ledger_of(noise(50, 3))
    once, ten_times = cash(ledger, workers), cash(ledger, workers, odds=10.0)

    assert ten_times.p_value == pytest.approx(1 - (1 - once.p_value) ** 10, abs=1e-5)
