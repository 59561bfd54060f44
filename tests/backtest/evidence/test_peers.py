"""The evidence beside what other hands have written: `arch` and `skfolio`."""

import numpy as np
import pytest
from arch.bootstrap import SPA, StepM
from skfolio.measures import deflated_sharpe_ratio, expected_max_sharpe_ratio

from backtest.control import Control
from backtest.engine.workers.chunks import Workers
from backtest.evidence import deflated_sharpe as module
from backtest.evidence.passed_over import Bases
from backtest.evidence.reality_check import reality_check
from backtest.evidence.rows import describe_rows
from backtest.evidence.trials import count_trials
from tests.backtest.evidence.ledgers import ledger_of, noise
from tests.oracle import evidence as twin


def test_agrees_with_arch_about_how_rare_the_best_is(workers: Workers) -> None:
    """`arch` divides by a deviation over the whole sample, so single p-values differ a little."""
    ours, theirs = [], []
    for seed in range(16):
        growth = noise(30, seed, common=0.0)
        growth[0] += 1_500 * seed
        ledger = ledger_of(growth)
        rows = describe_rows(ledger, workers, Control())
        found = reality_check(ledger, rows, "seed", 1.0, workers, Control()).against_cash
        assert found is not None
        ours.append(found.p_value)
        spa = SPA(
            np.zeros(64), -growth.T.astype(float), block_size=4, reps=1000,
            bootstrap="circular", studentize=True, seed=seed,
        )  # fmt: skip
        spa.compute()
        theirs.append(spa.pvalues["upper"])

    assert np.abs(np.subtract(ours, theirs)).mean() < 0.06
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95


def test_single_p_values_agree_with_the_steps_of_arch(workers: Workers) -> None:
    """Steps find what the single step finds, and perhaps what comes next."""
    n_found = 0
    for seed in range(6):
        growth = noise(40, seed, common=0.0)
        growth[:12] += np.arange(0, 48_000, 4_000, dtype=np.int32)[:, None]
        ledger = ledger_of(growth, winners=tuple(range(40)))
        rows = describe_rows(ledger, workers, Control())
        found = reality_check(ledger, rows, "seed", 1.0, workers, Control()).against_cash
        assert found is not None
        p_values = np.array([one.p_value for one in found.adjusted])
        steps = StepM(
            np.zeros(64), -growth.T.astype(float), size=0.05, block_size=4, reps=1000,
            bootstrap="circular", studentize=True, seed=seed,
        )  # fmt: skip
        steps.compute()

        superior = set(np.array(steps.superior_models, np.int64).tolist())
        ours = set(np.flatnonzero(p_values < 0.05).tolist())
        assert ours <= superior <= set(np.flatnonzero(p_values < 0.1).tolist())
        n_found += len(ours)

    assert n_found > 30


def test_with_a_shortlist_agrees_with_arch_that_knows_every_cell(workers: Workers) -> None:
    """What was passed over is seen by `arch` alone; the best is a cell that was tried."""
    ours, theirs = [], []
    for seed in range(12):
        bases = noise(40, seed)
        bases = bases[np.argsort(-bases.sum(axis=1), kind="stable")]
        cells = np.repeat(bases, 4, axis=0) // 2 + noise(160, seed + 100, common=0.0)
        cells[0] = noise(1, seed + 200)[0] + 12_000 + 3_000 * seed
        trials = ledger_of(np.concatenate((bases[8:], cells[:32])), winners=(32,))
        own = ledger_of(bases, winners=())
        known = Bases(ledger=own, rows=describe_rows(own, workers, Control()), n_taken_up=8)
        rows = describe_rows(trials, workers, Control())
        found = reality_check(trials, rows, "seed", 1.0, workers, Control(), known).against_cash
        assert found is not None
        if found.row != 32:
            continue  # `arch` tells the p-value of the best alone
        ours.append(found.p_value)
        everything = np.concatenate((bases, cells)).T.astype(float)
        spa = SPA(
            np.zeros(64), -everything, block_size=4, reps=500,
            bootstrap="circular", studentize=True, seed=seed,
        )  # fmt: skip
        spa.compute()
        theirs.append(spa.pvalues["upper"])

    assert len(ours) > 5
    assert np.abs(np.subtract(ours, theirs)).mean() < 0.1
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9


@pytest.mark.parametrize("n_trials", [1, 2, 3.7, 100, 600_000])
def test_expected_maximum_agrees_with_skfolio(n_trials: float) -> None:
    theirs = max(0.0, expected_max_sharpe_ratio(n_trials, 0.12))

    assert module.expected_max_sharpe(n_trials, 0.12) == pytest.approx(theirs, rel=1e-9)


def test_agrees_with_skfolio(workers: Workers) -> None:
    growth = noise(300)
    growth[0] += 15_000
    ledger = ledger_of(growth)
    rows = describe_rows(ledger, workers, Control())

    found = module.deflated_sharpe(ledger, rows, count_trials(rows, 0))

    assert found is not None
    ratios = np.array([twin.sharpe(row) for row in growth.tolist()])
    theirs = float(deflated_sharpe_ratio(growth[0] / 1e6, ratios))
    assert found.all_trials.probability == pytest.approx(theirs, abs=2e-6)
    assert found.trials_deviation == pytest.approx(ratios.std(ddof=1), abs=1e-6)
    assert found.sharpe == pytest.approx(ratios[0], abs=1e-6)
    assert found.effective_trials.probability > found.all_trials.probability
