"""The contract as types: requests and answers once, for both faces.

Reading order: `scalars`, `axis`, `request`, `parse` (a JSON value becomes a run request or every
problem it has), `translate`, `report`, `response`, `graphql` (the same types for GraphQL).
The published `schema.graphql` and `openapi.json` lie beside.
See: docs/graphql.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from schema.openapi import openapi_document
    from schema.parse import parse_request
    from schema.request import BacktestRequest
    from schema.response import BacktestResponse, to_json
    from schema.strategy_from_variant import spec_of_variant
    from schema.strategy_spec import read_spec
else:
    __getattr__ = lazy(
        __name__,
        {
            "openapi": ["openapi_document"],
            "parse": ["parse_request"],
            "request": ["BacktestRequest"],
            "response": ["BacktestResponse", "to_json"],
            "strategy_from_variant": ["spec_of_variant"],
            "strategy_spec": ["read_spec"],
        },
    )

__all__ = [
    "BacktestRequest",
    "BacktestResponse",
    "openapi_document",
    "parse_request",
    "read_spec",
    "spec_of_variant",
    "to_json",
]
