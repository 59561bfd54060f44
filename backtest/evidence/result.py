"""What the evidence says: the parts of the answer, field by field.

A part that cannot be computed is None, and `Evidence.missing` says why. Numbers that are neither
counts nor rows are rounded to six decimals: that is more than they mean, and it makes them equal
on machines whose logarithms differ in the last bit.

See: docs/evidence.md
"""

from dataclasses import dataclass
from enum import StrEnum

from backtest.thresholds import Thresholds


class Verdict(StrEnum):
    """What the numbers allow to be said about the best returned variant."""

    LIKELY_LUCK = "LIKELY_LUCK"
    UNCLEAR = "UNCLEAR"
    HOLDS_UP = "HOLDS_UP"
    NOT_ENOUGH_DATA = "NOT_ENOUGH_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Why a part of the evidence is None.

    Attributes:
        part: Name of the field of `Evidence`, such as `"pbo"`.
        reason: One sentence with its numbers.

    See: docs/evidence.md#what-is-missing
    """

    part: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """How many variants were tried, and how many independent ones that is worth.

    Attributes:
        tried: Variants of this run, every one that was scored.
        passed_over: Variants that Stage B did not try because their base variant was not among the
            best, and would have tried otherwise. Nobody knows how they did; p-values count them.
        prior: Tries made elsewhere, as the request says.
        total: `tried` and `prior` together.
        ruined: Variants whose equity was not positive at the end of some block. They count as
            tried and lose every comparison.
        flat: Variants whose growth was the same in every block; nearly always 0, as they never
            traded. They count as tried and cannot win.
        mean_correlation: Mean correlation of two variants that are neither ruined nor flat, over
            all pairs; in [0, 1], a negative mean is 0. None where fewer than two are left.
        effective: `c + (1 - c) * n` for that correlation and the `n` variants that are neither
            ruined nor flat, plus `prior`, whose correlation nobody knows. None as above.

    See: docs/evidence.md#trials
    """

    tried: int
    passed_over: int
    prior: int
    total: int
    ruined: int
    flat: int
    mean_correlation: float | None
    effective: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """What all tried variants returned, in percent of the initial cash; ruin is -100 %.

    Attributes:
        lowest_pct: Of the worst.
        highest_pct: Of the best.
        median_pct: Of the one in the middle.
        profitable_share: Share of them with a gain.
        counts: How many lie in each of 40 equal steps from the lowest to the highest; the last step
            holds the highest itself.

    See: docs/evidence.md#returns
    """

    lowest_pct: float
    highest_pct: float
    median_pct: float
    profitable_share: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedP:
    """How likely the best of all skill-less variants looks at least as good as this one.

    Attributes:
        row: The variant's row in the ledger.
        statistic: Mean growth per block above the benchmark over its deviation; None where there
            is no deviation, or the variant was ruined.
        p_value: In (0, 1]; None where `statistic` is.
        reason: Why `p_value` is None; None otherwise.

    See: docs/evidence.md#reality-check
    """

    row: int
    statistic: float | None
    p_value: float | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All variants against one benchmark.

    Attributes:
        p_value: Of the variant that stands out most, which need not have been returned.
        statistic: Its mean growth per block above the benchmark over its deviation.
        row: Its row in the ledger.
        n_compared: How many variants could be compared; the others are ruined, or differ from the
            benchmark by the same growth in every block.
        adjusted: One for each returned variant, in the order of the answer.

    See: docs/evidence.md#reality-check
    """

    p_value: float
    statistic: float
    row: int
    n_compared: int
    adjusted: tuple[AdjustedP, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RealityCheck:
    """White's reality check by a block bootstrap, adjusted for every variant as one family.

    Attributes:
        n_resamples: Resamples that were drawn.
        block_length: Blocks of the ledger that stay together in a resample.
        against_cash: Growth itself; None where `missing` says so.
        against_holding: Growth above that of the instrument; None where `missing` says so.

    See: docs/evidence.md#reality-check
    """

    n_resamples: int
    block_length: int
    against_cash: Comparison | None
    against_holding: Comparison | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfitting:
    """What became of the winners of halves of the blocks in the other halves.

    Attributes:
        n_splits: Ways to halve that were looked at.
        probability: Share of them whose winner is at or below the median in the other half.
        median_rank: Median over the splits of the winner's rank in the other half: near 0 is
            last, 0.5 the middle, near 1 first.
        loss_share: Share of splits whose winner loses money in the other half.
        slope: Of the winner's growth in the other half on its growth in the half that chose it,
            by least squares over the splits; None where the latter never differs.

    See: docs/evidence.md#pbo
    """

    n_splits: int
    probability: float
    median_rank: float
    loss_share: float
    slope: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deflated:
    """The Sharpe ratio of a variant beside what luck alone reaches in so many trials.

    Attributes:
        n_trials: How many trials luck is given.
        expected_max_sharpe: The highest Sharpe ratio per block expected from them.
        probability: That the true Sharpe ratio is above zero, given that.

    See: docs/evidence.md#deflated-sharpe
    """

    n_trials: float
    expected_max_sharpe: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeflatedSharpe:
    """The deflated Sharpe ratio of the best returned variant; all per block, not per year.

    Attributes:
        row: The variant's row in the ledger.
        sharpe: Mean growth over its deviation (ddof 1).
        skewness: Of its growth; 0 for a normal distribution.
        kurtosis: Of its growth, raw; 3 for a normal distribution.
        trials_deviation: Deviation (ddof 1) of the Sharpe ratios of all trials that are neither
            ruined nor flat.
        all_trials: Every trial counted as if it were independent.
        effective_trials: Counted as `Trials.effective` says.

    See: docs/evidence.md#deflated-sharpe
    """

    row: int
    sharpe: float
    skewness: float
    kurtosis: float
    trials_deviation: float
    all_trials: Deflated
    effective_trials: Deflated


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One time that the best of the past was chosen and traded next.

    Attributes:
        chosen_from: First block that the choice saw.
        traded_from: First block that was traded; the choice saw all from `chosen_from` to it.
        traded_to: The block after the last that was traded.
        row: The chosen variant's row in the ledger; the first of those that are alike.
        growth_before_pct: Its growth over the blocks that the choice saw.
        growth_after_pct: Its growth over the blocks that were traded.

    See: docs/evidence.md#walk-forward
    """

    chosen_from: int
    traded_from: int
    traded_to: int
    row: int
    growth_before_pct: float
    growth_after_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkForward:
    """What choosing the best of the past and trading it next would have earned.

    Attributes:
        folds: In the order of time.
        growth_pct: Of all folds one after the other; percent of the initial cash where growth
            adds up.
        efficiency: Growth per block after the choices over growth per block before them; None
            where the latter is not above zero.

    See: docs/evidence.md#walk-forward
    """

    folds: tuple[Fold, ...]
    growth_pct: float
    efficiency: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One number behind the verdict.

    Attributes:
        code: Which number, such as `"reality_check_cash"`.
        speaks_for: The verdict that this number alone would give; None where it only informs.
        text: The number and its threshold in a sentence.

    See: docs/evidence.md#conclusion
    """

    code: str
    speaks_for: Verdict | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The verdict on the best returned variant, and why.

    Attributes:
        verdict: What the numbers allow to be said.
        reasons: In the order of their weight.
        thresholds: What the numbers were held against.

    See: docs/evidence.md#conclusion
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    thresholds: Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it. `missing` has a reason for every part that is None, and for nothing else.

    Attributes:
        trials: None only where there is no ledger.
        returns: None only where there is no ledger.
        reality_check: See `RealityCheck`.
        pbo: See `Overfitting`.
        deflated_sharpe: See `DeflatedSharpe`.
        walk_forward: See `WalkForward`.
        conclusion: Always there; `NOT_ENOUGH_DATA` where too much is missing.
        missing: What is None, and why.

    See: docs/evidence.md (backtest/evidence/evidence.py makes it)
    """

    trials: Trials | None
    returns: Returns | None
    reality_check: RealityCheck | None
    pbo: Overfitting | None
    deflated_sharpe: DeflatedSharpe | None
    walk_forward: WalkForward | None
    conclusion: Conclusion
    missing: tuple[Missing, ...]
