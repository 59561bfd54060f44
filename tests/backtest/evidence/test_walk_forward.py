"""The walk forward beside plain sums."""

import math

import numpy as np
import pytest

from backtest.control import Control
from backtest.engine.blocks.ledger import RUINED, Ledger
from backtest.engine.workers.chunks import Workers
from backtest.evidence.result import WalkForward
from backtest.evidence.rows import describe_rows
from backtest.evidence.walk_forward import walk_forward
from tests.backtest.evidence.ledgers import ledger_of, noise


def walk(ledger: Ledger, workers: Workers) -> WalkForward:
    return walk_forward(ledger, describe_rows(ledger, workers, Control()), workers, Control())


@pytest.mark.parametrize("adds_up", [False, True])
def test_agrees_with_plain_sums(workers: Workers, *, adds_up: bool) -> None:
    growth = noise(3_000, seed=4)

    found = walk(ledger_of(growth, adds_up=adds_up), workers)

    def percent(total: int) -> float:
        return total / 1e4 if adds_up else 100 * math.expm1(total / 1e6)

    befores, afters = [], []
    for fold, start in zip(found.folds, (0, 8, 16, 24), strict=True):
        sums = [sum(row[start : start + 32]) for row in growth.tolist()]
        before = max(sums)
        after = sum(growth[fold.row, start + 32 : start + 40].tolist())
        assert (fold.chosen_from, fold.traded_from, fold.traded_to) == (
            start,
            start + 32,
            start + 40,
        )
        assert fold.row == sums.index(before)
        assert fold.growth_before_pct == pytest.approx(percent(before), abs=1e-6)
        assert fold.growth_after_pct == pytest.approx(percent(after), abs=1e-6)
        befores.append(before)
        afters.append(after)
    assert found.growth_pct == pytest.approx(percent(sum(afters)), abs=1e-6)
    assert found.efficiency == pytest.approx(sum(afters) / 8 / (sum(befores) / 32), abs=1e-6)


def test_a_choice_sees_nothing_of_what_it_trades(workers: Workers) -> None:
    growth = noise(100)
    changed = growth.copy()
    changed[:, 40:] = noise(100, seed=77)[:, 40:]

    before, after = walk(ledger_of(growth), workers), walk(ledger_of(changed), workers)

    assert before.folds[0] == after.folds[0]
    assert before.folds[1].row == after.folds[1].row
    assert before.folds[1].growth_before_pct == after.folds[1].growth_before_pct


def test_ruin_after_the_choice_loses_everything(workers: Workers) -> None:
    growth = noise(10)
    growth[3, :36] = 400_000
    growth[3, 36:] = RUINED

    found = walk(ledger_of(growth, ruined=(3,)), workers)

    assert found.folds[0].row == 3
    assert found.folds[0].growth_after_pct == -100.0
    assert 3 not in {fold.row for fold in found.folds[1:]}
    assert found.growth_pct == -100.0
    assert found.efficiency is None


def test_efficiency_is_unknown_where_nothing_grew_before(workers: Workers) -> None:
    growth = -np.abs(noise(10)) - 1

    assert walk(ledger_of(growth), workers).efficiency is None
