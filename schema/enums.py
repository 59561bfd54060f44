"""The closed vocabularies of the contract, named for GraphQL.

REST uses the values (`15m`, `long-only`); GraphQL names cannot hold a minus sign or start with a
digit, so its enums use the names (`M15`, `LONG_ONLY`). Import the domain's enums from here wherever
a GraphQL type mentions them: an enum must be registered before its first use.
See: docs/graphql.md
"""

from enum import StrEnum

import strawberry

from backtest.enums import AxisKind, NeighbourhoodShape, SurfaceStatistic
from backtest.evidence.result import Verdict
from backtest.indicators.definition import RuleFamily
from backtest.types import (
    AnswerPart,
    DirectionMode,
    ExitReason,
    RankingMetric,
    SizingMode,
    Timeframe,
)

__all__ = [
    "AnswerPart",
    "AxisKind",
    "DirectionMode",
    "ExitReason",
    "NeighbourhoodShape",
    "RankingMetric",
    "RuleFamily",
    "RunMode",
    "SizingMode",
    "SurfaceStatistic",
    "Timeframe",
    "TradeDirection",
    "Verdict",
]


class RunMode(StrEnum):
    """Where the strategy of a run came from."""

    SAVED = "saved"
    TEMPLATE = "template"


class TradeDirection(StrEnum):
    """The side of a trade."""

    LONG = "long"
    SHORT = "short"


strawberry.enum(Timeframe, description="Length of a bar: M15 is `15m`.")
strawberry.enum(DirectionMode, description="Sides that may be entered: LONG_ONLY is `long-only`.")
strawberry.enum(
    SizingMode, description="How much quote an entry takes: COMPOUND is `strategy_compound`."
)
strawberry.enum(RankingMetric, description="What orders the variants.")
strawberry.enum(AnswerPart, description="What an answer holds beside its variants.")
strawberry.enum(AxisKind, description="Where an axis comes from.")
strawberry.enum(NeighbourhoodShape, description="What the surroundings of a variant look like.")
strawberry.enum(SurfaceStatistic, description="What a cell of a surface tells.")
strawberry.enum(Verdict, description="What the evidence allows to be said.")
strawberry.enum(ExitReason, description="Why a trade ended.")
strawberry.enum(RuleFamily, description="How an indicator's series becomes long, short or neutral.")
strawberry.enum(RunMode, description="Where the strategy of a run came from.")
strawberry.enum(TradeDirection, description="The side of a trade.")
