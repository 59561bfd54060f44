"""Whether the best variant means anything, as clients are told it.

See: docs/evidence.md
"""

from typing import Annotated

import strawberry
from pydantic import BaseModel, Field

from schema.enums import Verdict
from schema.report import ANSWER


@strawberry.pydantic.type(description="One of all variants that were tried.")
class TriedVariant(BaseModel):
    """One of all variants that were tried."""

    model_config = ANSWER

    variant_key: Annotated[str, Field(description="SHA-256 that identifies the variant.")]
    place: Annotated[
        int | None, Field(description="Its place in `variants`, from 0; null if not returned.")
    ]


@strawberry.pydantic.type(description="How many variants were tried.")
class Trials(BaseModel):
    """How many variants were tried."""

    model_config = ANSWER

    tried: Annotated[int, Field(description="Variants of this run.")]
    passed_over: Annotated[
        int,
        Field(description="Variants of Stage B whose base variant was not on the shortlist."),
    ]
    prior: Annotated[int, Field(description="Tries made elsewhere, as the request says.")]
    total: Annotated[int, Field(description="`tried` and `prior` together.")]
    ruined: Annotated[int, Field(description="Variants that lost everything.")]
    flat: Annotated[int, Field(description="Variants that grew the same in every block.")]
    mean_correlation: Annotated[
        float | None, Field(description="Mean correlation of two of the others.")
    ]
    effective: Annotated[
        float | None, Field(description="How many independent trials they are worth.")
    ]


@strawberry.pydantic.type(description="What all tried variants returned, in percent.")
class TriedReturns(BaseModel):
    """What all tried variants returned, in percent."""

    model_config = ANSWER

    lowest_pct: Annotated[float, Field(description="Of the worst.")]
    highest_pct: Annotated[float, Field(description="Of the best.")]
    median_pct: Annotated[float, Field(description="Of the one in the middle.")]
    profitable_share: Annotated[float, Field(description="Share of them with a gain.")]
    counts: Annotated[
        tuple[int, ...],
        Field(description="How many lie in each of 40 equal steps from the lowest to the highest."),
        strawberry.field(graphql_type=list[int]),
    ]


@strawberry.pydantic.type(description="How far a returned variant is beyond luck.")
class AdjustedP(BaseModel):
    """How far a returned variant is beyond luck."""

    model_config = ANSWER

    place: Annotated[int, Field(description="Its place in `variants`, from 0.")]
    statistic: Annotated[
        float | None, Field(description="Mean growth of a block over its deviation.")
    ]
    p_value: Annotated[
        float | None,
        Field(description="How likely the best skill-less variant looks at least as good."),
    ]
    reason: Annotated[str | None, Field(description="Why it is null.")]


@strawberry.pydantic.type(description="All variants against one benchmark.")
class Comparison(BaseModel):
    """All variants against one benchmark."""

    model_config = ANSWER

    p_value: Annotated[float, Field(description="Of the variant that stands out most.")]
    statistic: Annotated[float, Field(description="Its mean growth over its deviation.")]
    best: Annotated[TriedVariant, Field(description="That variant.")]
    n_compared: Annotated[int, Field(description="Variants that could be compared.")]
    adjusted: Annotated[
        tuple[AdjustedP, ...], Field(description="Of each returned variant, best first.")
    ]


@strawberry.pydantic.type(
    description="Whether the best of so many variants without skill would look as good."
)
class RealityCheck(BaseModel):
    """Whether the best of so many variants without skill would look as good."""

    model_config = ANSWER

    n_resamples: Annotated[int, Field(description="Resamples of the bootstrap.")]
    block_length: Annotated[int, Field(description="Blocks that stay together in one.")]
    against_cash: Annotated[
        Comparison | None, Field(description="Against doing nothing; null if `missing` says so.")
    ]
    against_holding: Annotated[
        Comparison | None,
        Field(description="Against holding the instrument; null if `missing` says so."),
    ]


@strawberry.pydantic.type(
    description="What became of the winners of halves of the time in the other halves."
)
class Overfitting(BaseModel):
    """What became of the winners of halves of the time in the other halves."""

    model_config = ANSWER

    n_splits: Annotated[int, Field(description="Ways to halve that were looked at.")]
    probability: Annotated[
        float, Field(description="Share of them whose winner is below the median elsewhere.")
    ]
    median_rank: Annotated[float, Field(description="Its rank there: 0 is last, 1 is first.")]
    loss_share: Annotated[float, Field(description="Share of them whose winner loses there.")]
    slope: Annotated[
        float | None, Field(description="Of growth there on growth in the half that chose.")
    ]


@strawberry.pydantic.type(description="A Sharpe ratio beside what luck alone reaches.")
class Deflated(BaseModel):
    """A Sharpe ratio beside what luck alone reaches."""

    model_config = ANSWER

    n_trials: Annotated[float, Field(description="How many trials luck is given.")]
    expected_max_sharpe: Annotated[float, Field(description="What luck is expected to reach.")]
    probability: Annotated[float, Field(description="That the true Sharpe ratio is above zero.")]


@strawberry.pydantic.type(
    description="The deflated Sharpe ratio of the best returned variant, by blocks of the range."
)
class DeflatedSharpe(BaseModel):
    """The deflated Sharpe ratio of the best returned variant, by blocks of the range."""

    model_config = ANSWER

    sharpe: Annotated[float, Field(description="Mean growth of a block over its deviation.")]
    skewness: Annotated[float, Field(description="Of its growth; 0 for a normal distribution.")]
    kurtosis: Annotated[float, Field(description="Of its growth; 3 for a normal distribution.")]
    trials_deviation: Annotated[float, Field(description="Deviation of all trials' ratios.")]
    all_trials: Annotated[Deflated, Field(description="Every trial counted as independent.")]
    effective_trials: Annotated[Deflated, Field(description="Counted as `trials.effective`.")]


@strawberry.pydantic.type(description="One time that the best of the past was traded next.")
class Fold(BaseModel):
    """One time that the best of the past was traded next."""

    model_config = ANSWER

    chosen_from: Annotated[int, Field(description="First block that the choice saw.")]
    traded_from: Annotated[int, Field(description="First block that was traded.")]
    traded_to: Annotated[int, Field(description="The block after the last that was traded.")]
    chosen: Annotated[TriedVariant, Field(description="The best of the past.")]
    growth_before_pct: Annotated[float, Field(description="Its growth in what the choice saw.")]
    growth_after_pct: Annotated[float, Field(description="Its growth in what was traded.")]


@strawberry.pydantic.type(description="What choosing the best of the past would have earned.")
class WalkForward(BaseModel):
    """What choosing the best of the past would have earned."""

    model_config = ANSWER

    folds: Annotated[tuple[Fold, ...], Field(description="In the order of time.")]
    growth_pct: Annotated[float, Field(description="Of all folds together.")]
    efficiency: Annotated[
        float | None, Field(description="Growth per block after the choices over that before.")
    ]


@strawberry.pydantic.type(description="One number behind the verdict.")
class Reason(BaseModel):
    """One number behind the verdict."""

    model_config = ANSWER

    code: Annotated[str, Field(description="Which number.")]
    speaks_for: Annotated[
        Verdict | None, Field(description="What it says alone; null if it only informs.")
    ]
    text: Annotated[str, Field(description="The number and its threshold in a sentence.")]


@strawberry.pydantic.type(description="What the numbers were held against.")
class Thresholds(BaseModel):
    """What the numbers were held against."""

    model_config = ANSWER

    holds_up_p_value: Annotated[float, Field(description="Holds up below, both benchmarks.")]
    holds_up_pbo: Annotated[float, Field(description="Holds up at most.")]
    holds_up_deflated_sharpe: Annotated[float, Field(description="Holds up from there on.")]
    holds_up_walk_forward_pct: Annotated[float, Field(description="Holds up above.")]
    luck_p_value: Annotated[float, Field(description="Luck from there on, against cash.")]
    luck_pbo: Annotated[float, Field(description="Luck from there on.")]
    min_active_blocks: Annotated[int, Field(description="Too little data below.")]


@strawberry.pydantic.type(description="The verdict on the best returned variant.")
class Conclusion(BaseModel):
    """The verdict on the best returned variant."""

    model_config = ANSWER

    verdict: Annotated[Verdict, Field(description="What the numbers allow to be said.")]
    reasons: Annotated[tuple[Reason, ...], Field(description="In the order of their weight.")]
    thresholds: Annotated[Thresholds, Field(description="What they were held against.")]


@strawberry.pydantic.type(description="Why a part of the evidence is null.")
class Missing(BaseModel):
    """Why a part of the evidence is null."""

    model_config = ANSWER

    part: Annotated[str, Field(description="Its path, such as `pbo.slope`.")]
    reason: Annotated[str, Field(description="One sentence.")]


@strawberry.pydantic.type(
    description="Whether the best variant means anything: skill or luck. It knows this grid, not "
    "what was tried before; `priorTrials` adds that."
)
class Evidence(BaseModel):
    """Whether the best variant means anything; null parts are told in `missing`."""

    model_config = ANSWER

    trials: Annotated[Trials | None, Field(description="How many variants were tried.")]
    returns: Annotated[TriedReturns | None, Field(description="What all tried variants returned.")]
    reality_check: Annotated[
        RealityCheck | None, Field(description="Whether luck alone would look as good.")
    ]
    pbo: Annotated[Overfitting | None, Field(description="Probability of overfitting.")]
    deflated_sharpe: Annotated[
        DeflatedSharpe | None, Field(description="Sharpe ratio, luck taken off.")
    ]
    walk_forward: Annotated[
        WalkForward | None, Field(description="The best of the past, traded next.")
    ]
    conclusion: Annotated[Conclusion, Field(description="The verdict and its reasons.")]
    missing: Annotated[tuple[Missing, ...], Field(description="What is null, and why.")]
