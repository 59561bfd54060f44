"""The GraphQL face of the contract, made from the models that REST reads.

Reading order: `inputs` (types of the arguments), `body` (an input as the client wrote it), `run`
(through the one door of both faces), `schema` (queries, mutations and the subscription), `events`.
See: docs/graphql.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from schema.graphql.run import read_run, read_variant
    from schema.graphql.schema import graphql_schema, graphql_sdl
else:
    __getattr__ = lazy(
        __name__,
        {
            "run": ["read_run", "read_variant"],
            "schema": ["graphql_schema", "graphql_sdl"],
        },
    )

__all__ = ["graphql_schema", "graphql_sdl", "read_run", "read_variant"]
