"""What the candle store holds: its instruments, and bars to draw.

See: docs/graphql.md#what-only-graphql-has
"""

from typing import Annotated

import strawberry
from pydantic import BaseModel, Field

from schema.axis import STRICT
from schema.enums import Timeframe
from schema.request import InstrumentId, TimeRange
from schema.response import Instrument
from schema.scalars import BigInt, Count, Timestamp

DEFAULT_POINTS = 1_000
MAX_POINTS = 5_000


class BarsQuestion(BaseModel):
    """The arguments of the query `bars`.

    See: docs/graphql.md#what-only-graphql-has
    """

    model_config = STRICT

    instrument: InstrumentId
    timeframe: Timeframe
    range: TimeRange
    max_points: Annotated[Count | None, Field(ge=2, le=MAX_POINTS)] = None


@strawberry.type(description="An instrument of the candle store, and how complete it is.")
class StoredInstrument:
    """An instrument of the candle store, and how complete it is.

    See: docs/stores.md#what-is-stored
    """

    instrument_id: Instrument = strawberry.field(description="A symbol on a market.")
    candle_seconds: int = strawberry.field(
        description="Length of the candles, 60 for minutes; each length is an entry of its own."
    )
    first_ts: Timestamp = strawberry.field(description="Open time of the first minute.")
    last_ts: Timestamp = strawberry.field(description="Open time of the last minute.")
    minutes: BigInt = strawberry.field(description="Different minutes that are stored.")
    rows: BigInt = strawberry.field(description="Rows that hold them; a minute may be repeated.")
    gaps: BigInt = strawberry.field(description="Stretches without a minute.")
    missing_minutes: BigInt = strawberry.field(description="Minutes that the gaps lack.")
    coverage: list[float] = strawberry.field(
        description="How full each of up to 120 equal parts of the range is, from 0 to 1."
    )
    sources: list[str] = strawberry.field(description="Where the minutes came from.")


@strawberry.type(description="Prices and volume between two times.")
class Bar:
    """Prices and volume between two times.

    See: docs/graphql.md#what-only-graphql-has
    """

    ts: Timestamp = strawberry.field(description="Open time.")
    open: float = strawberry.field(description="First price, in quote currency.")
    high: float = strawberry.field(description="Highest price.")
    low: float = strawberry.field(description="Lowest price.")
    close: float = strawberry.field(description="Last price.")
    volume: float = strawberry.field(description="In base currency.")


@strawberry.type(description="Bars of a range, as many as there is room for.")
class Bars:
    """Bars of a range, as many as there is room for.

    See: docs/graphql.md#what-only-graphql-has
    """

    bars_per_point: int = strawberry.field(
        description="Bars of the timeframe that each point joins; 1 where none are joined."
    )
    points: list[Bar] = strawberry.field(description="In order of time; empty times are left out.")
