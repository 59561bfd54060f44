"""Saved strategies as their owner sees them.

See: docs/saved-strategies.md
"""

from uuid import UUID

import strawberry

from schema.response import Instrument
from schema.scalars import Timestamp

DEFAULT_LISTED = 100
MAX_LISTED = 1_000
MAX_NAME = 200


@strawberry.type(description="A saved strategy of the caller.")
class SavedStrategyLine:
    """A saved strategy of the caller.

    See: docs/graphql.md#what-only-graphql-has
    """

    strategy_id: UUID = strawberry.field(description="What a run of it names.")
    name: str = strawberry.field(description="What its owner calls it.")
    instrument_id: Instrument = strawberry.field(description="What it trades.")
    timeframe: str = strawberry.field(description="Length of a bar as stored, such as `15m`.")
    signal_template: str = strawberry.field(description="Its indicators.")
    created_ts: Timestamp = strawberry.field(description="When it was saved.")
