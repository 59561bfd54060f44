"""What a run can be verified by.

See: docs/receipt.md
"""

from typing import Annotated, Any

import strawberry
from pydantic import BaseModel, Field
from strawberry.scalars import JSON

from schema.report import ANSWER


@strawberry.pydantic.type(description="What a run can be verified by: `python -m bff verify`.")
class Receipt(BaseModel):
    """What a run can be verified by: `python -m bff verify`."""

    model_config = ANSWER

    sha256: Annotated[str, Field(description="SHA-256 of the four that follow.")]
    request_sha256: Annotated[str, Field(description="Of what was asked, defaults written out.")]
    candles_sha256: Annotated[str, Field(description="Of the bars that were loaded.")]
    engine_semantics: Annotated[int, Field(description="Which rules the engine followed.")]
    result_sha256: Annotated[str, Field(description="Of the variants: keys, places, returns.")]
    n_bars: Annotated[int, Field(description="Bars that were loaded, warm-up included.")]
    request: Annotated[
        dict[str, Any],
        Field(description="The body of `POST /backtests` that asks the same again."),
        strawberry.field(graphql_type=JSON),
    ]
