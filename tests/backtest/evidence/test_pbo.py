"""The probability of backtest overfitting beside a naive one."""

import statistics

import numpy as np
import pytest

from backtest.control import Control
from backtest.engine.blocks.ledger import RUINED, Ledger
from backtest.engine.workers.chunks import Workers
from backtest.evidence.pbo import overfitting
from backtest.evidence.result import Overfitting
from backtest.evidence.rows import describe_rows
from backtest.evidence.splits import column_splits
from tests.backtest.evidence.ledgers import ledger_of, noise
from tests.oracle import evidence as twin


def pbo(ledger: Ledger, workers: Workers) -> Overfitting:
    found = overfitting(ledger, describe_rows(ledger, workers, Control()), workers, Control())
    assert found is not None
    return found


def test_half_of_the_halves_are_the_columns() -> None:
    masks = column_splits()

    assert len(masks) == len(set(masks.tolist())) == 6_435
    assert {mask.bit_count() for mask in masks.tolist()} == {8}
    assert not {0xFFFF ^ mask for mask in masks.tolist()} & set(masks.tolist())


@pytest.mark.parametrize("n_trials", [3, 31, 33])
def test_agrees_with_the_naive_one(n_trials: int, workers: Workers) -> None:
    growth = noise(n_trials, seed=n_trials)
    growth[-1] = growth[0]  # equal rows share their rank

    found = pbo(ledger_of(growth), workers)

    splits = list(twin.splits(growth.tolist()))
    ranks = [(s.below + (s.equal + 1) / 2) / (n_trials + 1) for s in splits]
    slope, _ = statistics.linear_regression([s.before for s in splits], [s.after for s in splits])
    assert found.n_splits == 12_870
    expected = {
        "probability": sum(rank <= 0.5 for rank in ranks) / 12_870,
        "median_rank": statistics.median(ranks),
        "loss_share": sum(s.after < 0 for s in splits) / 12_870,
        "slope": slope,
    }
    assert {name: getattr(found, name) for name in expected} == pytest.approx(expected, abs=1e-6)


def test_a_variant_that_is_better_in_every_block_is_never_overfitted(workers: Workers) -> None:
    growth = noise(40)
    growth[7] = growth.max(axis=0) + 10_000

    found = pbo(ledger_of(growth), workers)

    assert (found.probability, found.loss_share) == (0.0, 0.0)
    assert found.median_rank == pytest.approx(40 / 41, abs=1e-6)


def test_halves_that_take_from_each_other_are_always_overfitted(workers: Workers) -> None:
    """Rows of one sum: what is best in one half is worst in the other."""
    growth = noise(40)
    growth[:, -1] -= growth.sum(axis=1, dtype=np.int32)

    assert pbo(ledger_of(growth), workers).probability == 1.0


def test_ties_are_not_decided_by_growth_in_the_other_half(workers: Workers) -> None:
    """Each moves in the last group only: a half without it is blind, and draws lots."""
    loses_when_blind: list[bool] = []
    for seed in range(12):
        growth = np.zeros((100, 64), np.int32)
        random = np.random.default_rng(seed)
        for row in growth:
            row[random.integers(60, 64)] = random.integers(-1_000, 1_000)
        loses_when_blind.append(pbo(ledger_of(growth), workers).loss_share == 0.5)

    assert 2 <= sum(loses_when_blind) <= 10


def test_a_winner_that_is_ruined_loses(workers: Workers) -> None:
    growth = noise(20)
    growth[4, :60] += 100_000
    growth[4, 60:] = RUINED

    found = pbo(ledger_of(growth, ruined=(4,)), workers)

    assert found.slope is None
    assert found.loss_share >= 0.5


def test_variants_that_do_the_same_are_no_choice(workers: Workers) -> None:
    ledger = ledger_of(np.repeat(noise(1), 40, axis=0))

    rows = describe_rows(ledger, workers, Control())
    assert overfitting(ledger, rows, workers, Control()) is None
