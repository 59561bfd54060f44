"""What an answer rests on: the candles that were found, and notes for its reader.

See: docs/answer.md
"""

from typing import Annotated

import strawberry
from pydantic import BaseModel, Field

from schema.report import ANSWER
from schema.scalars import BigInt, Timestamp

_BIG = strawberry.field(graphql_type=BigInt)


@strawberry.pydantic.type(description="A stretch of the range without a candle.")
class CandleGap(BaseModel):
    """A stretch of the range without a candle."""

    model_config = ANSWER

    start: Annotated[Timestamp, Field(description="Open time of the first missing candle.")]
    end: Annotated[
        Timestamp, Field(description="Open time of the next candle, or the end of the range.")
    ]
    candles: Annotated[int, Field(description="How many candles are missing there."), _BIG]


@strawberry.pydantic.type(description="The candles that open inside the range.")
class CandleData(BaseModel):
    """The candles that open inside the range."""

    model_config = ANSWER

    first_candle: Annotated[
        Timestamp | None, Field(description="Open time of the first one; null without any.")
    ]
    last_candle: Annotated[
        Timestamp | None, Field(description="Open time of the last one; null without any.")
    ]
    candle_seconds: Annotated[int, Field(description="Length of the candles used.")]
    candles_expected: Annotated[int, Field(description="How many the range has room for."), _BIG]
    candles_present: Annotated[int, Field(description="How many of them were found."), _BIG]
    candles_missing: Annotated[int, Field(description="How many of them were not."), _BIG]
    bars_filled: Annotated[
        int,
        Field(
            description="Of the `target_bars`, those made up: no candle fell into them, and they"
            " repeat the close before."
        ),
    ]
    longest_gap: Annotated[
        CandleGap | None, Field(description="The longest one; null where no candle is missing.")
    ]


@strawberry.pydantic.type(description="Something to know before believing the result.")
class Note(BaseModel):
    """Something to know before believing the result."""

    model_config = ANSWER

    code: Annotated[str, Field(description="For programs; docs/answer.md lists them.")]
    message: Annotated[str, Field(description="For people.")]
