"""The GraphQL face over HTTP.

Reading order: `router`, `limits` (what a document may cost), `inputs`, `selected` (what it asks of
a run), `execution`, `context` (who answers the fields), `json_text`, `events` (a subscription),
`errors`; `page.html` is for people.
See: docs/graphql.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.graphql.router import GRAPHQL_PATH, graphql_router
else:
    __getattr__ = lazy(
        __name__,
        {
            "router": ["GRAPHQL_PATH", "graphql_router"],
        },
    )

__all__ = ["GRAPHQL_PATH", "graphql_router"]
