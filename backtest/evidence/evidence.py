"""All of the evidence from one ledger.

See: docs/evidence.md
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from backtest.control import Control
from backtest.engine.blocks.ledger import Ledger
from backtest.engine.workers.chunks import Workers
from backtest.evidence.conclusion import Findings, conclude, without_data
from backtest.evidence.deflated_sharpe import deflated_sharpe
from backtest.evidence.passed_over import Bases
from backtest.evidence.pbo import overfitting
from backtest.evidence.reality_check import reality_check
from backtest.evidence.result import Evidence, Missing, Returns, Trials
from backtest.evidence.returns import describe_returns
from backtest.evidence.rows import describe_rows
from backtest.evidence.trials import count_trials, odds_of
from backtest.evidence.walk_forward import walk_forward
from backtest.thresholds import STANDARD, Thresholds

PARTS = ("reality_check", "pbo", "deflated_sharpe", "walk_forward")
_NOTHING_MOVED = "no variant's equity moved without being ruined, so there is nothing to compare"
_TOO_FEW = "it takes two variants that moved and were not ruined"
_ALL_ALIKE = "every variant that was not ruined differs from it by the same growth in every block"
_NO_CHOICE = "there is one variant, or all did the same, so nothing was chosen"
_NO_SLOPE = "the winners of all halves grew the same, or one of them was ruined in the other half"
_NO_SHARPE = f"the best returned variant has no deviation or was ruined, or {_TOO_FEW}"
_NO_EFFICIENCY = "the chosen variants did not grow before they were chosen, or one was ruined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortlisted:
    """What Stage B left out, because of how it did over the whole time.

    Attributes:
        passed_over: Variants that were not tried: the cells of the risk plane for each base variant
            that is not on the shortlist.
        n_taken_up: Base variants on the shortlist.
        bases: Growth of every base variant without stops, of those on the shortlist first: halves
            and folds choose among these. The trials beside them were chosen by someone who knew
            the other half.

    See: docs/evidence.md#what-stage-b-left-out
    """

    passed_over: int
    n_taken_up: int
    bases: Ledger


def weigh(
    ledger: Ledger,
    *,
    seed: str,
    workers: Workers,
    control: Control,
    prior_trials: int = 0,
    shortlisted: Shortlisted | None = None,
    ranked_by: str | None = None,
    thresholds: Thresholds = STANDARD,
) -> Evidence:
    """Say what the ledger says about luck.

    The answer depends on the arguments alone, to the last digit: neither on threads nor on the
    machine, nor on the order of the ledger's rows, by which equal ones are told apart.

    Args:
        ledger: The ledger; at least one trial.
        seed: Seeds the resamples: the run's hashes, `"<grid_request_hash>:<engine_params_hash>"`.
        workers: The thread pool.
        control: The run's handle.
        prior_trials: Tries made elsewhere, which count as if they were independent.
        shortlisted: What Stage B left out, where it took up some base variants only.
        ranked_by: The metric that ranked the run, where it was not the total return.
        thresholds: What the conclusion holds its numbers against.

    Raises:
        BacktestError: The run was cancelled or its time is up.

    See: docs/evidence.md
    """
    rows = describe_rows(ledger, workers, control)
    trials = count_trials(rows, prior_trials, shortlisted.passed_over if shortlisted else 0)
    returns = describe_returns(rows.totals, adds_up=ledger.adds_up)
    if not rows.is_comparable.any() or not len(ledger.winners):
        return _nothing_moved(trials, returns, thresholds)
    bases = None if shortlisted is None else _described(shortlisted, workers, control)
    chosen_from = (ledger, rows) if bases is None else (bases.ledger, bases.rows)
    odds = odds_of(trials)
    findings = Findings(
        trials=trials,
        n_bases=None if bases is None else bases.ledger.n_trials,
        active_blocks=int(np.count_nonzero(ledger.growth[ledger.winners[0]])),
        reality_check=reality_check(ledger, rows, seed, odds, workers, control, bases),
        pbo=overfitting(*chosen_from, workers, control),
        deflated_sharpe=deflated_sharpe(ledger, rows, trials),
        walk_forward=walk_forward(*chosen_from, workers, control),
        ranked_by=ranked_by,
    )
    return Evidence(
        trials=trials,
        returns=returns,
        reality_check=findings.reality_check,
        pbo=findings.pbo,
        deflated_sharpe=findings.deflated_sharpe,
        walk_forward=findings.walk_forward,
        conclusion=conclude(findings, thresholds),
        missing=tuple(_missing(findings)),
    )


def _described(shortlisted: Shortlisted, workers: Workers, control: Control) -> Bases:
    bases = shortlisted.bases
    return Bases(
        ledger=bases,
        rows=describe_rows(bases, workers, control),
        n_taken_up=shortlisted.n_taken_up,
    )


def without_ledger(reason: str, thresholds: Thresholds = STANDARD) -> Evidence:
    """What is said where there is no ledger.

    Args:
        reason: Why, such as that the target slice has fewer bars than blocks.
        thresholds: What the conclusion would have held its numbers against.

    See: docs/evidence.md#what-is-missing
    """
    return Evidence(
        trials=None,
        returns=None,
        reality_check=None,
        pbo=None,
        deflated_sharpe=None,
        walk_forward=None,
        conclusion=without_data(reason, thresholds),
        missing=tuple(Missing(part=part, reason=reason) for part in ("trials", "returns", *PARTS)),
    )


def _nothing_moved(trials: Trials, returns: Returns, thresholds: Thresholds) -> Evidence:
    nothing = without_ledger(_NOTHING_MOVED, thresholds)
    missing = [*_missing_worth(trials), *(one for one in nothing.missing if one.part in PARTS)]
    return replace(nothing, trials=trials, returns=returns, missing=tuple(missing))


def _missing(findings: Findings) -> Iterator[Missing]:
    """A reason for every None in what was computed."""
    yield from _missing_worth(findings.trials)
    yield from _missing_comparisons(findings)
    if findings.pbo is None:
        yield Missing(part="pbo", reason=_NO_CHOICE)
    elif findings.pbo.slope is None:
        yield Missing(part="pbo.slope", reason=_NO_SLOPE)
    if findings.deflated_sharpe is None:
        yield Missing(part="deflated_sharpe", reason=_NO_SHARPE)
    if findings.walk_forward is not None and findings.walk_forward.efficiency is None:
        yield Missing(part="walk_forward.efficiency", reason=_NO_EFFICIENCY)


def _missing_worth(trials: Trials) -> Iterator[Missing]:
    if trials.effective is None:
        yield Missing(part="trials.mean_correlation", reason=_TOO_FEW)
        yield Missing(part="trials.effective", reason=_TOO_FEW)


def _missing_comparisons(findings: Findings) -> Iterator[Missing]:
    check = findings.reality_check
    assert check is not None
    for name, comparison in (
        ("against_cash", check.against_cash),
        ("against_holding", check.against_holding),
    ):
        if comparison is None:
            yield Missing(part=f"reality_check.{name}", reason=_ALL_ALIKE)
