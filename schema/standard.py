"""The standard ratios of a report.

See: docs/ratios.md
"""

from typing import Annotated

import strawberry
from pydantic import BaseModel, ConfigDict, Field


@strawberry.type(description="Why a ratio has no number.")
class RatioReason:
    """Why a ratio has no number.

    See: docs/ratios.md
    """

    name: str = strawberry.field(description="The ratio, as REST names it.")
    reason: str = strawberry.field(
        description="What it lacks; `infinite: …` where it has no bound."
    )


@strawberry.pydantic.type(
    description="Ratios by the definitions of empyrical and quantstats; null with a reason where "
    "undefined or infinite. A year has 365 days."
)
class StandardRatios(BaseModel):
    """Ratios by the definitions of empyrical and quantstats."""

    model_config = ConfigDict(frozen=True)

    sharpe: Annotated[
        float | None,
        Field(description="Mean of the daily returns over their deviation, annualised."),
    ]
    sortino: Annotated[
        float | None,
        Field(description="Mean of the daily returns over their downside deviation, annualised."),
    ]
    calmar: Annotated[float | None, Field(description="`cagr_pct` over `max_drawdown_pct`.")]
    cagr_pct: Annotated[
        float | None, Field(description="Compound growth a year over the time that passed.")
    ]
    annual_volatility_pct: Annotated[
        float | None, Field(description="Deviation of the daily returns, annualised.")
    ]
    profit_factor: Annotated[
        float | None, Field(description="Net profit of winning trades over that of losing ones.")
    ]
    payoff: Annotated[
        float | None, Field(description="Mean net profit of a win over the mean loss.")
    ]
    longest_losing_run: Annotated[int, Field(description="Most losing trades one after the other.")]
    exposure_pct: Annotated[
        float, Field(description="Bars through which a position was held, of all bars.")
    ]
    max_drawdown_pct: Annotated[
        float | None,
        Field(description="Largest fall from the running peak, which starts at the initial cash."),
    ]
    reasons: Annotated[
        strawberry.Private[dict[str, str]],
        Field(description="Why a ratio is null, by its name; `infinite: …` where it has no bound."),
    ]

    @strawberry.pydantic.field(name="reasons", description="Why a ratio is null.")
    def listed_reasons(self) -> list[RatioReason]:
        """The map of reasons as a list."""
        return [RatioReason(name=name, reason=reason) for name, reason in self.reasons.items()]
