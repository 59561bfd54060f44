"""The answer of a run, defined once: REST writes these models, GraphQL types are made from them.

See: docs/identity.md
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, cast
from uuid import UUID

import pydantic_core
import strawberry
from pydantic import BaseModel, Field

from backtest.axes import Scalar
from schema.basis import CandleData, Note
from schema.enums import DirectionMode, RankingMetric, RunMode, SizingMode, Timeframe
from schema.evidence import Evidence
from schema.landscape import Landscape
from schema.receipt import Receipt
from schema.report import ANSWER, Report, Trades
from schema.scalars import AxisScalar


@strawberry.type(description="A name and the value chosen for it.")
class NamedValue:
    """A name and the value chosen for it.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """

    name: str = strawberry.field(description="Name of the parameter.")
    value: AxisScalar = strawberry.field(description="Chosen value; `30` and `30.0` differ.")


@strawberry.type(description="The chosen signal parameters of one indicator.")
class SignalValues:
    """The chosen signal parameters of one indicator.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """

    indicator_id: str = strawberry.field(description="Id of the indicator.")
    params: list[NamedValue] = strawberry.field(description="Parameters of its signal rule.")


@strawberry.pydantic.type(description="A symbol on a market.")
class Instrument(BaseModel):
    """A symbol on a market."""

    model_config = ANSWER

    market_id: Annotated[int, Field(description="Id of the market.")]
    symbol: Annotated[str, Field(description="Symbol in upper case.")]


@strawberry.pydantic.type(description="The chosen values of one indicator.")
class IndicatorSelection(BaseModel):
    """The chosen values of one indicator."""

    model_config = ANSWER

    indicator_id: Annotated[str, Field(description="Id of the indicator.")]
    inputs: Annotated[
        strawberry.Private[dict[str, str]], Field(description="The chosen source, if it has one.")
    ]
    params: Annotated[
        strawberry.Private[dict[str, Scalar]], Field(description="The chosen parameters.")
    ]

    @strawberry.pydantic.field(name="inputs", description="The chosen source, if it has one.")
    def named_inputs(self) -> list[NamedValue]:
        """The map of inputs as a list."""
        return _named(self.inputs)

    @strawberry.pydantic.field(name="params", description="The chosen parameters.")
    def named_params(self) -> list[NamedValue]:
        """The map of parameters as a list."""
        return _named(self.params)


@strawberry.pydantic.type(name="Risk", description="The chosen stop-loss and take-profit.")
class RiskSelection(BaseModel):
    """The chosen stop-loss and take-profit."""

    model_config = ANSWER

    sl_enabled: Annotated[bool, Field(description="Whether there is a stop-loss.")]
    sl_pct: Annotated[float | None, Field(description="Percent of the entry price.")]
    tp_enabled: Annotated[bool, Field(description="Whether there is a take-profit.")]
    tp_pct: Annotated[float | None, Field(description="Percent of the entry price.")]


@strawberry.pydantic.type(name="Execution", description="The effective money and costs.")
class ExecutionScalars(BaseModel):
    """The effective money and costs."""

    model_config = ANSWER

    init_cash_quote: Annotated[float, Field(description="Cash at the start.")]
    fixed_quote: Annotated[float, Field(description="Quote amount of a fixed entry.")]
    safe_profit_percent: Annotated[
        float,
        Field(description="Share of a winning trade's profit that is locked away, in percent."),
    ]
    fee_pct: Annotated[float, Field(description="Fee of each fill in percent.")]
    slippage_pct: Annotated[float, Field(description="Slippage of each fill in percent.")]


@strawberry.pydantic.type(description="Enough to save the variant and to run it again alone.")
class Payload(BaseModel):
    """Enough to save the variant and to run it again alone."""

    model_config = ANSWER

    indicator_selections: Annotated[
        tuple[IndicatorSelection, ...], Field(description="The chosen values by indicator.")
    ]
    signals: Annotated[
        strawberry.Private[dict[str, dict[str, Scalar]]],
        Field(description="The chosen signal parameters by indicator."),
    ]
    risk: Annotated[RiskSelection, Field(description="The chosen stop-loss and take-profit.")]
    execution: Annotated[ExecutionScalars, Field(description="The effective money and costs.")]
    direction_mode: Annotated[DirectionMode, Field(description="Sides that were entered.")]
    sizing_mode: Annotated[SizingMode, Field(description="How entries are sized.")]

    @strawberry.pydantic.field(name="signals", description="The chosen signal parameters.")
    def named_signals(self) -> list[SignalValues]:
        """The map of signals as a list."""
        return [
            SignalValues(indicator_id=indicator_id, params=_named(params))
            for indicator_id, params in self.signals.items()
        ]


@strawberry.pydantic.type(description="A ranking metric and what it says of a variant.")
class RankingValue(BaseModel):
    """A ranking metric and what it says of a variant."""

    model_config = ANSWER

    metric: Annotated[RankingMetric, Field(description="The metric.")]
    value: Annotated[
        float | None,
        Field(description="Unrounded; null where the metric is undefined, or infinite."),
    ]
    infinite: Annotated[
        bool, Field(description="Whether it is infinite: a gain, and nothing to divide it by.")
    ]


@strawberry.pydantic.type(name="VariantRanking", description="What ranked a variant.")
class VariantRanking(BaseModel):
    """What ranked a variant."""

    model_config = ANSWER

    primary: Annotated[RankingValue, Field(description="What ordered the variants.")]
    secondary: Annotated[
        RankingValue | None, Field(description="What broke ties; null without a second metric.")
    ]


@strawberry.pydantic.type(description="An axis on which variants with the same trades differ.")
class SameAxis(BaseModel):
    """An axis on which variants with the same trades differ."""

    model_config = ANSWER

    indicator_id: Annotated[
        str | None, Field(description="Whose axis it is; null for `sl_pct` and `tp_pct`.")
    ]
    name: Annotated[str, Field(description="Name of the axis; `source` among them.")]
    values: Annotated[
        tuple[Scalar, ...],
        Field(description="The values that they have there, the variant's own among them."),
        strawberry.field(graphql_type=list[AxisScalar]),
    ]


@strawberry.pydantic.type(description="The variants that a returned one stands for.")
class SameAs(BaseModel):
    """The variants that a returned one stands for."""

    model_config = ANSWER

    n_others: Annotated[int, Field(description="How many other variants have the same trades.")]
    axes: Annotated[tuple[SameAxis, ...], Field(description="Axes on which they differ.")]


@strawberry.pydantic.type(description="What closes hide: levels touched inside of bars.")
class Intrabar(BaseModel):
    """What closes hide: levels touched inside of bars."""

    model_config = ANSWER

    trades_touched_stop: Annotated[
        int,
        Field(description="Trades whose stop a bar touched before the close that ended them."),
    ]
    trades_touched_target: Annotated[
        int, Field(description="The same for the target; the level touched first counts.")
    ]
    total_return_pct: Annotated[
        float, Field(description="The total return, had these filled at the level there.")
    ]


@strawberry.pydantic.type(description="One ranked point of the grid.")
class Variant(BaseModel):
    """One ranked point of the grid."""

    model_config = ANSWER

    variant_index: Annotated[int, Field(description="Place in the enumeration of stage B.")]
    variant_key: Annotated[str, Field(description="SHA-256 that identifies the variant.")]
    indicator_variant_key: Annotated[
        str, Field(description="SHA-256 of what its indicators compute.")
    ]
    total_return_pct: Annotated[
        float, Field(description="Gain or loss over the range in percent of the initial cash.")
    ]
    ranking: Annotated[VariantRanking, Field(description="What ranked it.")]
    same_as: Annotated[
        SameAs | None, Field(description="What it stands for; null unless results are `distinct`.")
    ]
    report: Annotated[Report | None, Field(description="The report; null if it was not computed.")]
    payload: Annotated[Payload, Field(description="Its settings.")]
    intrabar: Annotated[
        Intrabar | None,
        Field(
            description="What closes hide of it; null if not asked for, or without stop and target."
        ),
    ]


@strawberry.pydantic.type(name="BacktestResult", description="The best variants of a grid.")
class BacktestResponse(BaseModel):
    """The best variants of a grid."""

    model_config = ANSWER

    schema_version: Annotated[
        Literal[1], Field(description="Version of this shape."), strawberry.field(graphql_type=int)
    ] = 1
    mode: Annotated[RunMode, Field(description="Saved strategy or ad-hoc template.")]
    strategy_id: Annotated[UUID | None, Field(description="The saved strategy, in saved mode.")]
    instrument_id: Annotated[Instrument, Field(description="What was traded.")]
    timeframe: Annotated[Timeframe, Field(description="Length of a bar.")]
    warmup_bars: Annotated[int, Field(description="Bars before the range.")]
    top_k: Annotated[int, Field(description="Variants to return, at most.")]
    preselect: Annotated[int, Field(description="Variants that stage A hands on, at most.")]
    top_trades_n: Annotated[int, Field(description="Variants that list their trades.")]
    spec_hash: Annotated[str | None, Field(description="Hash of the stored strategy.")]
    grid_request_hash: Annotated[str | None, Field(description="Hash of the ad-hoc request.")]
    engine_params_hash: Annotated[str, Field(description="Hash of all effective settings.")]
    stage_a_variants: Annotated[
        int, Field(description="Variants without stop-loss and take-profit.")
    ]
    stage_b_variants: Annotated[int, Field(description="Variants with stop-loss and take-profit.")]
    target_bars: Annotated[int, Field(description="Bars that trade and count.")]
    variants: Annotated[tuple[Variant, ...], Field(description="Best first.")]
    data: Annotated[CandleData, Field(description="The candles that it rests on.")]
    notes: Annotated[
        tuple[Note, ...],
        Field(description="What to know before believing it, in the order of docs/answer.md."),
    ]
    evidence: Annotated[
        Evidence | None,
        Field(description="Whether the best variant means anything; null if not asked for."),
    ]
    landscape: Annotated[
        Landscape | None, Field(description="What the grid looks like; null if not asked for.")
    ]
    receipt: Annotated[
        Receipt | None, Field(description="What the run can be verified by; null if not asked for.")
    ]


def to_json(response: BacktestResponse) -> bytes:
    """The REST body: compact UTF-8 JSON, the same bytes for the same response.

    See: docs/identity.md
    """
    return b"".join(json_pieces(response))


def json_pieces(value: object) -> Iterator[bytes]:
    """The same JSON in small pieces, so that a writer can stop, or count, in the middle of it.

    See: docs/reliability.md
    """
    match value:
        case Variant() if value.report is None or value.report.trades is None:
            yield value.model_dump_json().encode()
        case BacktestResponse() | Variant() | Report():
            opening = b"{"
            for name in type(value).model_fields:
                yield b'%b"%b":' % (opening, name.encode())
                yield from json_pieces(getattr(value, name))
                opening = b","
            yield b"}"
        case Trades():
            yield from _list(iter((_json(rows)[1:-1],)) for rows in value.slices())
        case tuple() if value and isinstance(value[0], Variant):
            yield from _list(map(json_pieces, cast("tuple[Variant, ...]", value)))
        case _:
            yield _json(value)


def _list(items: Iterable[Iterator[bytes]]) -> Iterator[bytes]:
    separator = b""
    yield b"["
    for item in items:
        yield separator
        yield from item
        separator = b","
    yield b"]"


def _json(value: object) -> bytes:
    return pydantic_core.to_json(value, inf_nan_mode="null")


def _named(values: "dict[str, str] | dict[str, Scalar]") -> list[NamedValue]:
    return [NamedValue(name=name, value=value) for name, value in values.items()]  # pyright: ignore[reportArgumentType] # the scalar takes ints and floats too
