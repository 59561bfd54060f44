"""The GraphQL schema: three questions and one mutation, answered by whoever is in the context.

See: docs/graphql.md
"""

from functools import lru_cache
from typing import Annotated, Protocol

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext

from schema.catalog import BacktestEstimate, CatalogIndicator, RuntimeDefaults
from schema.graphql.executor import WatchedExecutor
from schema.graphql.inputs import RunBacktestInput, VariantReportInput
from schema.report import Report
from schema.response import BacktestResponse
from schema.scalars import GRAPHQL_SCALARS


class Answers(Protocol):
    """Who answers; the GraphQL context is one.

    Methods that take `info` find the input, already read, under the field's response key.

    See: docs/graphql.md
    """

    def run_backtest(self, info: "strawberry.Info[Answers]") -> BacktestResponse:
        """Run the grid."""
        ...

    def estimate_backtest(self, info: "strawberry.Info[Answers]") -> BacktestEstimate:
        """Count what the grid would cost."""
        ...

    def variant_report(self, info: "strawberry.Info[Answers]") -> Report:
        """Report on one variant."""
        ...

    def indicators(self) -> list[CatalogIndicator]:
        """The catalog."""
        ...

    def runtime_defaults(self) -> RuntimeDefaults:
        """The configured defaults."""
        ...

    def allow(self, n_bytes: int) -> None:
        """Return if the answer may have so many bytes more, and more work be done for it."""
        ...


Info = strawberry.Info[Answers]
RunArgument = Annotated[
    RunBacktestInput, strawberry.argument(name="input", description="What to run.")
]
VariantArgument = Annotated[
    VariantReportInput, strawberry.argument(name="input", description="The variant.")
]


@strawberry.type(description="Questions; all of them need authentication.")
class Query:
    """Questions; all of them need authentication."""

    @strawberry.field(description="The catalog: parameters, bounds, defaults and signal rules.")
    def indicators(self, info: Info) -> list[CatalogIndicator]:
        """The catalog."""
        return info.context.indicators()

    @strawberry.field(description="What the configuration gives where a field is left out.")
    def runtime_defaults(self, info: Info) -> RuntimeDefaults:
        """The configured defaults."""
        return info.context.runtime_defaults()

    @strawberry.field(description="Counts, bytes and the guards' verdict; loads no candle.")
    def estimate_backtest(self, info: Info, request: RunArgument) -> BacktestEstimate:
        """The cost of a run."""
        return info.context.estimate_backtest(info)

    @strawberry.field(description="One explicit variant with its trades and equity curve.")
    def variant_report(self, info: Info, request: VariantArgument) -> Report:
        """One variant."""
        return info.context.variant_report(info)


@strawberry.type(description="The operation that computes a grid.")
class Mutation:
    """The operation that computes a grid."""

    @strawberry.mutation(description="Run a grid and answer with its best variants.")
    def run_backtest(self, info: Info, request: RunArgument) -> BacktestResponse:
        """Run a grid."""
        return info.context.run_backtest(info)


class _QuietSchema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing: the edge logs what it masks, and nothing else is worth a stack."""
        del errors, execution_context


@lru_cache(maxsize=1)
def graphql_schema() -> strawberry.Schema:
    """The schema; built once.

    See: docs/graphql.md
    """
    config = StrawberryConfig(scalar_map=GRAPHQL_SCALARS, disable_field_suggestions=True)
    return _QuietSchema(
        query=Query, mutation=Mutation, config=config, execution_context_class=WatchedExecutor
    )


def graphql_sdl() -> str:
    """The schema as published in `schema/schema.graphql`.

    See: docs/graphql.md
    """
    return graphql_schema().as_str() + "\n"
