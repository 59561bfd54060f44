"""The verdict on the best returned variant, and why, in words with their numbers.

See: docs/evidence.md#conclusion
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backtest.evidence.result import (
    AdjustedP,
    Comparison,
    Conclusion,
    DeflatedSharpe,
    Overfitting,
    RealityCheck,
    Reason,
    Trials,
    Verdict,
    WalkForward,
)
from backtest.thresholds import Thresholds

CASH = "reality_check_cash"
HOLDING = "reality_check_holding"
PBO = "pbo"
DATA = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the verdict is made of; None where it could not be computed.

    `n_bases` are the variants without stops that halves and folds chose among, None where these
    are the trials. `active_blocks` are those in which the equity of the best returned variant
    moved; `ranked_by` names the metric that chose it, None for the total return.
    """

    trials: Trials
    n_bases: int | None
    active_blocks: int
    reality_check: RealityCheck | None
    pbo: Overfitting | None
    deflated_sharpe: DeflatedSharpe | None
    walk_forward: WalkForward | None
    ranked_by: str | None


def conclude(findings: Findings, thresholds: Thresholds) -> Conclusion:
    """Hold the findings against the thresholds.

    See: docs/evidence.md#conclusion
    """
    reasons = tuple(_reasons(findings, thresholds))
    return Conclusion(verdict=_verdict(reasons), reasons=reasons, thresholds=thresholds)


def without_data(text: str, thresholds: Thresholds) -> Conclusion:
    """The verdict where there is nothing to hold against the thresholds.

    See: docs/evidence.md#conclusion
    """
    reason = Reason(code=DATA, speaks_for=Verdict.NOT_ENOUGH_DATA, text=text)
    return Conclusion(verdict=Verdict.NOT_ENOUGH_DATA, reasons=(reason,), thresholds=thresholds)


def _verdict(reasons: Sequence[Reason]) -> Verdict:
    """One reason is enough for too little data; all of them are needed to hold up.

    A high probability of overfitting says that the choice among the variants is arbitrary. Where
    the variants are better than luck all the same, it does not make them luck.
    """
    verdicts = {reason.code: reason.speaks_for for reason in reasons if reason.speaks_for}
    if Verdict.NOT_ENOUGH_DATA in verdicts.values():
        return Verdict.NOT_ENOUGH_DATA
    if verdicts[CASH] == Verdict.LIKELY_LUCK:
        return Verdict.LIKELY_LUCK
    if verdicts[PBO] == Verdict.LIKELY_LUCK and verdicts[CASH] != Verdict.HOLDS_UP:
        return Verdict.LIKELY_LUCK
    if all(one == Verdict.HOLDS_UP for one in verdicts.values()):
        return Verdict.HOLDS_UP
    return Verdict.UNCLEAR


def _reasons(findings: Findings, limits: Thresholds) -> Iterator[Reason]:
    if findings.active_blocks < limits.min_active_blocks:
        yield _too_quiet(findings.active_blocks, limits)
    yield _against_cash(_best(findings.reality_check, CASH), findings.trials, limits)
    yield _against_holding(_best(findings.reality_check, HOLDING), limits)
    yield _overfitting(findings.pbo, findings.n_bases, limits)
    yield _deflated(findings.deflated_sharpe, limits)
    yield _walked(findings.walk_forward, findings.n_bases, limits)
    if findings.ranked_by is not None:
        yield _ranked_by(findings.ranked_by)


def _best(check: RealityCheck | None, benchmark: str) -> AdjustedP | None:
    """That of the best returned variant; None where it has no p-value."""
    if check is None:
        return None
    comparison: Comparison | None = (
        check.against_cash if benchmark == CASH else check.against_holding
    )
    if comparison is None or not comparison.adjusted:
        return None
    best = comparison.adjusted[0]
    return None if best.p_value is None else best


def _too_quiet(n_active: int, limits: Thresholds) -> Reason:
    return Reason(
        code=DATA,
        speaks_for=Verdict.NOT_ENOUGH_DATA,
        text=(
            f"the variant's equity moved in {n_active} of 64 blocks; at least "
            f"{limits.min_active_blocks} are needed to tell it from luck"
        ),
    )


def _against_cash(best: AdjustedP | None, trials: Trials, limits: Thresholds) -> Reason:
    if best is None or best.p_value is None:
        return Reason(
            code=CASH,
            speaks_for=Verdict.NOT_ENOUGH_DATA,
            text="the variant could not be compared with cash",
        )
    others = f" ({trials.passed_over:,} more were passed over)" if trials.passed_over else ""
    return Reason(
        code=CASH,
        speaks_for=_low_is_good(best.p_value, limits.holds_up_p_value, limits.luck_p_value),
        text=(
            f"the best of {trials.total:,} variants without skill{others} would look at least this "
            f"good against cash with probability {best.p_value:.3f} (holds up below "
            f"{limits.holds_up_p_value:g}, luck from {limits.luck_p_value:g})"
        ),
    )


def _against_holding(best: AdjustedP | None, limits: Thresholds) -> Reason:
    if best is None or best.p_value is None:
        return _unknown(HOLDING, "the variant could not be compared with holding the instrument")
    is_good = best.p_value < limits.holds_up_p_value
    return Reason(
        code=HOLDING,
        speaks_for=_good(is_good=is_good),
        text=(
            "against holding the instrument, that probability is "
            f"{best.p_value:.3f} (holds up below {limits.holds_up_p_value:g})"
        ),
    )


def _overfitting(pbo: Overfitting | None, n_bases: int | None, limits: Thresholds) -> Reason:
    if pbo is None:
        return _unknown(PBO, "the probability of overfitting could not be computed")
    # where everything loses, the quietest wins in every half
    is_good = pbo.probability <= limits.holds_up_pbo and pbo.loss_share < limits.luck_pbo
    is_luck = pbo.probability >= limits.luck_pbo
    return Reason(
        code=PBO,
        speaks_for=Verdict.LIKELY_LUCK if is_luck else _good(is_good=is_good),
        text=(
            f"in {pbo.probability:.0%} of {pbo.n_splits:,} splits the winner of one half of the "
            f"time{_among(n_bases)} is not above the median in the other half (holds up to "
            f"{limits.holds_up_pbo:.0%}, luck from {limits.luck_pbo:.0%}), and in "
            f"{pbo.loss_share:.0%} it loses money there (holds up below {limits.luck_pbo:.0%})"
        ),
    )


def _deflated(found: DeflatedSharpe | None, limits: Thresholds) -> Reason:
    if found is None:
        return _unknown("deflated_sharpe", "the deflated Sharpe ratio could not be computed")
    deflated = found.effective_trials
    return Reason(
        code="deflated_sharpe",
        speaks_for=_good(is_good=deflated.probability >= limits.holds_up_deflated_sharpe),
        text=(
            f"its Sharpe ratio of {found.sharpe:.3f} per block is above zero with probability "
            f"{deflated.probability:.3f}, given that {deflated.n_trials:,.0f} independent trials "
            f"reach {deflated.expected_max_sharpe:.3f} by luck (holds up from "
            f"{limits.holds_up_deflated_sharpe:g})"
        ),
    )


def _walked(walk: WalkForward | None, n_bases: int | None, limits: Thresholds) -> Reason:
    if walk is None:
        return _unknown("walk_forward", "the walk forward could not be computed")
    return Reason(
        code="walk_forward",
        speaks_for=_good(is_good=walk.growth_pct > limits.holds_up_walk_forward_pct),
        text=(
            f"walk-forward: choosing the best variant of the past{_among(n_bases)} and trading it "
            f"next would have returned {walk.growth_pct:.2f} % in {len(walk.folds)} folds (holds "
            f"up above {limits.holds_up_walk_forward_pct:g} %)"
        ),
    )


def _among(n_bases: int | None) -> str:
    """Stops were tried on a choice that saw the whole time, so nothing shorter can choose them."""
    return "" if n_bases is None else f", among {n_bases:,} variants without stops,"


def _ranked_by(metric: str) -> Reason:
    return Reason(
        code="ranked_by",
        speaks_for=None,
        text=f"the variants were ranked by {metric}; all of this is about growth",
    )


def _unknown(code: str, text: str) -> Reason:
    """What is not known speaks neither for skill nor for luck."""
    return Reason(code=code, speaks_for=Verdict.UNCLEAR, text=text)


def _good(*, is_good: bool) -> Verdict:
    return Verdict.HOLDS_UP if is_good else Verdict.UNCLEAR


def _low_is_good(value: float, good_below: float, luck_from: float) -> Verdict:
    return Verdict.LIKELY_LUCK if value >= luck_from else _good(is_good=value < good_below)
