"""What all tried variants returned: every one counted once, in its place, on any machine."""

import numpy as np
import pytest

from backtest.control import Control
from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.engine.workers.chunks import Workers
from backtest.evidence import returns, weigh, without_ledger
from backtest.evidence.result import Returns
from tests.backtest.evidence.ledgers import Growth, ledger_of, noise


def described(growth: Growth, workers: Workers, *, adds_up: bool = False) -> Returns:
    ruined = tuple(np.flatnonzero((growth <= -(1 << 30)).any(axis=1)).tolist())
    ledger = ledger_of(growth, ruined=ruined, adds_up=adds_up)
    found = weigh(ledger, seed="seed", workers=workers, control=Control()).returns
    assert found is not None
    return found


def total_pct(growth: Growth, *, adds_up: bool) -> list[float]:
    """What each row returned, from the exact logarithm of Python."""
    whole = growth.astype(np.int64).sum(axis=1) / 1e6
    lost = (growth <= -(1 << 30)).any(axis=1)
    grown = whole if adds_up else np.expm1(whole)
    return np.where(lost, -100.0, np.round(grown * 100.0, 4)).tolist()


@pytest.mark.parametrize("adds_up", [False, True], ids=["compounds", "adds up"])
def test_every_variant_is_counted_in_its_step(workers: Workers, *, adds_up: bool) -> None:
    growth = noise(500, seed=3)
    growth[7, 40:] = -(1 << 30)
    totals = total_pct(growth, adds_up=adds_up)

    found = described(growth, workers, adds_up=adds_up)

    assert (found.lowest_pct, found.highest_pct) == pytest.approx((min(totals), max(totals)))
    assert found.median_pct == pytest.approx(float(np.median(totals)), abs=1e-4)
    assert found.profitable_share == sum(one > 0 for one in totals) / 500
    counts, _ = np.histogram(totals, bins=40, range=(found.lowest_pct, found.highest_pct))
    assert list(found.counts) == counts.tolist()


def test_variants_that_all_did_the_same_lie_in_one_step(workers: Workers) -> None:
    found = described(np.zeros((3, N_BLOCKS), np.int32), workers)

    assert found.counts == (3, *[0] * 39)
    assert (found.lowest_pct, found.highest_pct, found.median_pct) == (0.0, 0.0, 0.0)
    assert found.profitable_share == 0.0


def test_neither_chunks_nor_the_order_of_rows_move_a_variant(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    growth = noise(301, seed=5)
    shuffled = np.random.default_rng(1).permutation(growth)
    expected = described(growth, workers)

    for rows in (1, 7, 301):
        monkeypatch.setattr(returns, "ROWS_PER_CHUNK", rows)
        assert described(growth, workers) == expected
        assert described(shuffled, workers) == expected


def test_without_a_ledger_it_is_missing_with_a_reason() -> None:
    found = without_ledger("too few bars")

    assert found.returns is None
    assert ("returns", "too few bars") in {(one.part, one.reason) for one in found.missing}
