"""The deflated Sharpe ratio beside the paper's example."""

import math

import pytest

from backtest.control import Control
from backtest.engine.workers.chunks import Workers
from backtest.evidence import deflated_sharpe as module
from backtest.evidence.deflated_sharpe import Moments
from backtest.evidence.rows import describe_rows
from backtest.evidence.trials import count_trials
from tests.backtest.evidence.ledgers import ledger_of, noise
from tests.oracle import evidence as twin


def test_the_example_of_bailey_and_lopez_de_prado() -> None:
    """100 trials, variance 1/2 of yearly ratios, 1 250 days, a yearly Sharpe ratio of 2.5."""
    by_luck = module.expected_max_sharpe(100, math.sqrt(0.5 / 250))
    moments = Moments(sharpe=2.5 / math.sqrt(250), skewness=-3.0, kurtosis=10.0)

    assert by_luck == pytest.approx(0.1132, abs=5e-5)
    assert module.probability_above(by_luck, moments, 1250) == pytest.approx(0.9004, abs=5e-5)


def test_prior_trials_make_luck_reach_higher(workers: Workers) -> None:
    ledger = ledger_of(noise(300))
    rows = describe_rows(ledger, workers, Control())

    without = module.deflated_sharpe(ledger, rows, count_trials(rows, 0))
    with_prior = module.deflated_sharpe(ledger, rows, count_trials(rows, 10_000))

    assert without is not None
    assert with_prior is not None
    assert with_prior.all_trials.n_trials == 10_300
    assert with_prior.all_trials.expected_max_sharpe > without.all_trials.expected_max_sharpe
    assert with_prior.all_trials.probability < without.all_trials.probability


def test_two_values_that_leave_no_doubt() -> None:
    """Skewness and kurtosis of two values can make the estimate's variance 0."""
    certain = Moments(sharpe=1.0, skewness=2.0, kurtosis=5.0)

    assert module.probability_above(0.5, certain, 64) == 1.0
    assert module.probability_above(1.5, certain, 64) == 0.0


def test_a_flat_winner_has_none(workers: Workers) -> None:
    growth = noise(5)
    growth[0] = 0
    ledger = ledger_of(growth)
    rows = describe_rows(ledger, workers, Control())

    assert module.deflated_sharpe(ledger, rows, count_trials(rows, 0)) is None


@pytest.mark.parametrize("seed", range(5))
def test_moments_agree_with_the_naive_ones(seed: int) -> None:
    row = noise(1, seed=seed)[0].tolist()
    row[seed] *= 9

    found = module.row_moments(row)

    assert found.sharpe == pytest.approx(twin.sharpe(row), rel=1e-9)
    assert (found.skewness, found.kurtosis) == pytest.approx(twin.skewness_and_kurtosis(row))
