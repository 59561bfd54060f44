"""The GraphQL schema: questions and mutations, answered by whoever is in the context.

See: docs/graphql.md
"""

from collections.abc import AsyncGenerator
from functools import lru_cache
from typing import Annotated, Protocol, get_args
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext

from backtest.control import Stage
from schema.catalog import BacktestEstimate, CatalogIndicator, RuntimeDefaults
from schema.enums import Timeframe
from schema.graphql.executor import WatchedExecutor
from schema.graphql.inputs import RunBacktestInput, VariantReportInput
from schema.market import DEFAULT_POINTS, Bars, StoredInstrument
from schema.report import Report
from schema.request import InstrumentId, TimeRange
from schema.response import BacktestResponse
from schema.saved import DEFAULT_LISTED, SavedStrategyLine
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

    def instruments(self) -> list[StoredInstrument]:
        """What the candle store holds."""
        ...

    def bars(self, info: "strawberry.Info[Answers]") -> Bars:
        """Bars to draw."""
        ...

    def strategies(self, limit: int) -> list[SavedStrategyLine]:
        """What the caller has saved."""
        ...

    def save_strategy(
        self, info: "strawberry.Info[Answers]", name: str | None
    ) -> SavedStrategyLine:
        """Save one variant."""
        ...

    def delete_strategy(self, strategy_id: UUID) -> UUID:
        """Delete a strategy of the caller."""
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
    """Questions; all of them need authentication.

    See: docs/graphql.md#what-only-graphql-has
    """

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

    @strawberry.field(description="What the candle store holds.")
    def instruments(self, info: Info) -> list[StoredInstrument]:
        """The stored instruments."""
        return info.context.instruments()

    @strawberry.field(description="Bars to draw; neighbours are joined where there are too many.")
    def bars(
        self,
        info: Info,
        instrument: Annotated[InstrumentId, strawberry.argument(description="Whose bars.")],
        timeframe: Annotated[Timeframe, strawberry.argument(description="Length of a bar.")],
        range: Annotated[  # noqa: A002 - the name of the argument
            TimeRange, strawberry.argument(description="At most 600 000 bars of the timeframe.")
        ],
        max_points: Annotated[
            int | None, strawberry.argument(description="How many are wanted, 2 to 5000.")
        ] = DEFAULT_POINTS,
    ) -> Bars:
        """Bars of a range."""
        del instrument, timeframe, range, max_points  # read with all their problems told
        return info.context.bars(info)

    @strawberry.field(description="What the caller has saved, newest first.")
    def strategies(
        self,
        info: Info,
        limit: Annotated[int | None, strawberry.argument(description="1 to 1000.")] = (
            DEFAULT_LISTED
        ),
    ) -> list[SavedStrategyLine]:
        """The caller's strategies."""
        return info.context.strategies(DEFAULT_LISTED if limit is None else limit)


@strawberry.type(description="What computes a grid, and what changes saved strategies.")
class Mutation:
    """What computes a grid, and what changes saved strategies.

    See: docs/graphql.md
    """

    @strawberry.mutation(description="Run a grid and answer with its best variants.")
    def run_backtest(self, info: Info, request: RunArgument) -> BacktestResponse:
        """Run a grid."""
        return info.context.run_backtest(info)

    @strawberry.mutation(
        description="Save one variant, where the service may write strategies; its range and"
        " warm-up are not stored."
    )
    def save_strategy(
        self,
        info: Info,
        request: VariantArgument,
        name: Annotated[
            str | None,
            strawberry.argument(description="Default: symbol, timeframe and indicators."),
        ] = None,
    ) -> SavedStrategyLine:
        """Save one variant."""
        return info.context.save_strategy(info, name)

    @strawberry.mutation(
        description="Delete a strategy of the caller, where the service may write strategies."
    )
    def delete_strategy(
        self,
        info: Info,
        strategy_id: Annotated[UUID, strawberry.argument(description="Which one.")],
    ) -> UUID:
        """Delete a strategy of the caller."""
        return info.context.delete_strategy(strategy_id)


@strawberry.type(description="How far a run is.")
class RunProgress:
    """How far a run is.

    See: docs/graphql.md#progress
    """

    stage: str = strawberry.field(
        description=f"What it is at: {', '.join(f'`{stage}`' for stage in get_args(Stage))};"
        " another one may be added."
    )
    done: int = strawberry.field(description="Chunks of the stage that are finished.")
    total: int = strawberry.field(
        description="Chunks of the stage; a stage may come in several parts."
    )
    processor_seconds: float = strawberry.field(
        description="Seconds that processors have worked for the run, all stages together."
    )


@strawberry.type(description="One event of a run: how far it is, or its answer, which is the last.")
class RunEvent:
    """One event of a run: how far it is, or its answer, which is the last.

    See: docs/graphql.md#progress
    """

    progress: RunProgress | None = strawberry.field(
        default=None, description="How far it is; null with the answer."
    )

    @strawberry.field(description="The answer; null before.")
    def result(self, info: Info) -> BacktestResponse | None:
        """The run itself, which computes when the last event is made."""
        return None if self.progress is not None else info.context.run_backtest(info)


@strawberry.type(description="What tells how far it is; answered as `text/event-stream` alone.")
class Subscription:
    """What tells how far it is; answered as `text/event-stream` alone.

    See: docs/graphql.md#progress
    """

    @strawberry.subscription(
        description="Run a grid, as the mutation does; a few events a second and then the answer."
    )
    async def run_backtest(
        self, info: Info, request: RunArgument
    ) -> AsyncGenerator[RunEvent, None]:
        """Each event is executed with itself as the root value, so nobody iterates over this."""
        del info, request
        raise NotImplementedError
        yield RunEvent()


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
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=config,
        execution_context_class=WatchedExecutor,
    )


def graphql_sdl() -> str:
    """The schema as published in `schema/schema.graphql`.

    See: docs/graphql.md
    """
    return graphql_schema().as_str() + "\n"
