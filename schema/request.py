"""The request, defined once: REST reads these models, GraphQL inputs are made from them.

See: docs/grid.md
"""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from backtest.money import MAX_QUOTE, MIN_QUOTE
from schema.axis import STRICT, AxisInput, AxisModel, NamedAxisInput, SignalGridInput
from schema.enums import AnswerPart, DirectionMode, RankingMetric, SizingMode, Timeframe
from schema.scalars import (
    Count,
    CountFromZero,
    Flag,
    Instant,
    MarketId,
    Real,
    Symbol,
    Text,
    Timestamp,
    require_some,
)

AxisMap = dict[Text, AxisModel]

# Each may occur once, and the catalog is smaller.
MAX_INDICATORS = 100


def _to_metric(value: object) -> object:
    if value is None or isinstance(value, RankingMetric):
        return value
    known = sorted(RankingMetric)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"ranking.metric must be one of: {', '.join(known)}")
    return value


def _require_few(value: object) -> object:
    """Refuse a list that cannot be right before each of its items is judged."""
    n_items = len(cast("list[object]", value)) if isinstance(value, list) else 0
    if n_items > MAX_INDICATORS:
        raise PydanticKnownError(
            "too_long",
            {"field_type": "List", "max_length": MAX_INDICATORS, "actual_length": n_items},
        )
    return cast("object", value)


def _require_enough(amount: float | None) -> float | None:
    if amount is not None and amount < MIN_QUOTE:
        raise PydanticCustomError(
            "greater_than_equal",
            "Input should be at least {least}, was {amount}; smaller amounts lose digits",
            {"least": MIN_QUOTE, "amount": amount},
        )
    return amount


def _amount(description: str) -> Any:
    return Field(
        gt=0, le=MAX_QUOTE, description=description, json_schema_extra={"minimum": MIN_QUOTE}
    )


Metric = Annotated[RankingMetric, BeforeValidator(_to_metric)]
StrategyId = Annotated[UUID, Field(description="Id of a saved strategy of the caller.")]


@strawberry.pydantic.input(
    name="TimeRangeInput", description="Half-open range of time, `[start, end)`."
)
class TimeRange(BaseModel):
    """Half-open range of time, `[start, end)`; times carry a zone and count in milliseconds."""

    model_config = STRICT

    start: Annotated[
        Instant,
        Field(description="First moment of the range, with a zone."),
        strawberry.field(graphql_type=Timestamp),
    ]
    end: Annotated[
        Instant,
        Field(description="First moment after the range, with a zone; later than `start`."),
        strawberry.field(graphql_type=Timestamp),
    ]

    @model_validator(mode="after")
    def _check_order(self) -> "TimeRange":
        if self.start >= self.end:
            raise ValueError(
                f"start must be before end, was {_iso(self.start)} and {_iso(self.end)}"
            )
        return self


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@strawberry.pydantic.input(name="InstrumentInput", description="A symbol on a market.")
class InstrumentId(BaseModel):
    """A symbol on a market."""

    model_config = STRICT

    market_id: Annotated[
        MarketId,
        Field(description="1 Binance spot, 2 Binance futures, 3 Bybit spot, 4 Bybit futures."),
    ]
    symbol: Annotated[Symbol, Field(description="Symbol; blanks around it and case do not matter.")]


@strawberry.pydantic.input(
    name="ExecutionInput", description="Money and costs; what is left out comes from the defaults."
)
class Execution(BaseModel):
    """Money and costs; what is left out comes from the defaults."""

    model_config = STRICT

    init_cash_quote: Annotated[
        Real | None,
        _amount("Cash at the start, in quote currency; at least 1e-9."),
        AfterValidator(_require_enough),
    ] = None
    fixed_quote: Annotated[
        Real | None,
        _amount("Quote amount of each entry when sizing is fixed; at least 1e-9."),
        AfterValidator(_require_enough),
    ] = None
    safe_profit_percent: Annotated[
        Real | None,
        Field(
            ge=0,
            le=100,
            description="Share of a winning trade's profit that is locked away, in percent.",
        ),
    ] = None
    fee_pct: Annotated[
        Real | None,
        Field(ge=0, lt=100, description="Fee of each fill in percent: 0.075 is 0.075 %."),
    ] = None
    slippage_pct: Annotated[
        Real | None, Field(ge=0, lt=100, description="Slippage of each fill in percent.")
    ] = None


@strawberry.pydantic.input(
    name="RiskGridInput", description="Stop-loss and take-profit, in percent of the entry price."
)
class RiskGrid(BaseModel):
    """Stop-loss and take-profit, in percent of the entry price."""

    model_config = STRICT

    sl_enabled: Annotated[Flag | None, Field(description="Use a stop-loss.")] = False
    tp_enabled: Annotated[Flag | None, Field(description="Use a take-profit.")] = False
    sl: Annotated[
        AxisModel | None,
        Field(description="Stop-loss levels, at least 0."),
        strawberry.field(graphql_type=AxisInput | None),
    ] = None
    tp: Annotated[
        AxisModel | None,
        Field(description="Take-profit levels, at least 0."),
        strawberry.field(graphql_type=AxisInput | None),
    ] = None
    sl_pct: Annotated[
        Real | None, Field(ge=0, description="One stop-loss level, where no axis is given.")
    ] = None
    tp_pct: Annotated[
        Real | None, Field(ge=0, description="One take-profit level, where no axis is given.")
    ] = None


@strawberry.pydantic.input(
    name="IndicatorGridInput", description="An indicator and the values to try for its parameters."
)
class IndicatorGrid(BaseModel):
    """An indicator and the values to try for its parameters."""

    model_config = STRICT

    indicator_id: Annotated[Text, Field(description="Id from the catalog, for example `ma.sma`.")]
    params: Annotated[
        AxisMap | None,
        Field(description="Axes by parameter name; the others come from the defaults."),
        strawberry.field(graphql_type=list[NamedAxisInput] | None),
    ] = None
    source: Annotated[
        AxisModel | None,
        Field(description="Candle series to compute from, where the indicator has the choice."),
        strawberry.field(graphql_type=AxisInput | None),
    ] = None


SignalGridsField = Annotated[
    dict[Text, AxisMap] | None,
    Field(
        description="Axes of signal parameters by indicator id; the others come from the defaults."
    ),
    strawberry.field(graphql_type=list[SignalGridInput] | None),
]


@strawberry.pydantic.input(
    name="OverridesInput",
    description="What differs from the saved strategy; null keeps what was saved.",
)
class Overrides(BaseModel):
    """What differs from the saved strategy; null keeps what was saved."""

    model_config = STRICT

    direction_mode: Annotated[
        DirectionMode | None, Field(description="Which sides may be entered.")
    ] = None
    sizing_mode: Annotated[SizingMode | None, Field(description="How entries are sized.")] = None
    execution: Annotated[
        Execution | None, Field(description="Merged over the saved block, scalar by scalar.")
    ] = None
    risk_grid: Annotated[RiskGrid | None, Field(description="Replaces the saved block.")] = None
    signal_grids: SignalGridsField = None


class Template(BaseModel):
    """A grid over one instrument and timeframe."""

    model_config = STRICT

    instrument_id: Annotated[InstrumentId, Field(description="What to trade.")]
    timeframe: Annotated[Timeframe, Field(description="Length of a bar.")]
    indicator_grids: Annotated[
        tuple[IndicatorGrid, ...],
        BeforeValidator(_require_few),
        AfterValidator(require_some),
        Field(
            description="At least one indicator; each may occur once.",
            json_schema_extra={"minItems": 1, "maxItems": MAX_INDICATORS},
        ),
        strawberry.field(graphql_type=list[IndicatorGrid]),
    ]
    direction_mode: Annotated[
        DirectionMode | None, Field(description="Which sides may be entered.")
    ] = DirectionMode.LONG_SHORT
    sizing_mode: Annotated[SizingMode | None, Field(description="How entries are sized.")] = (
        SizingMode.ALL_IN
    )
    execution: Annotated[Execution | None, Field(description="Money and costs.")] = None
    risk_grid: Annotated[RiskGrid | None, Field(description="Stop-loss and take-profit.")] = None
    signal_grids: SignalGridsField = None


@strawberry.pydantic.input(
    name="RankingInput", description="What orders the variants; ties go by variant key."
)
class Ranking(BaseModel):
    """What orders the variants; ties go by variant key."""

    model_config = STRICT

    primary_metric: Annotated[
        Metric | None, Field(description="Best first: drawdown ascending, the others descending.")
    ] = RankingMetric.TOTAL_RETURN_PCT
    secondary_metric: Annotated[
        Metric | None, Field(description="Breaks ties; differs from the primary one.")
    ] = None

    @model_validator(mode="after")
    def _check_difference(self) -> "Ranking":
        if self.secondary_metric == (self.primary_metric or RankingMetric.TOTAL_RETURN_PCT):
            raise ValueError("secondary_metric must be different from primary_metric")
        return self


class RunOptions(BaseModel):
    """What every run takes, whatever its mode.

    See: docs/timeline.md, docs/ranking.md, docs/evidence.md#trials
    """

    model_config = STRICT

    time_range: Annotated[TimeRange, Field(description="The range that trades and counts.")]
    warmup_bars: Annotated[
        Count | None, Field(description="Bars before the range that only indicators see.")
    ] = None
    top_k: Annotated[Count | None, Field(description="Variants to return, at most.")] = None
    preselect: Annotated[
        Count | None, Field(description="Variants that stage A hands on to stage B, at most.")
    ] = None
    top_trades_n: Annotated[
        Count | None, Field(description="Variants that list their trades; at most `top_k`.")
    ] = None
    ranking: Annotated[Ranking | None, Field(description="Order of the variants.")] = None
    min_trades: Annotated[
        CountFromZero | None,
        Field(
            description="Variants with fewer trades are left out; stage A leaves out those whose "
            "signal sets in less often."
        ),
    ] = None
    prior_trials: Annotated[
        CountFromZero | None,
        Field(description="Variants that were tried elsewhere; the evidence counts them too."),
    ] = None

    distinct: Annotated[
        Flag | None,
        Field(description="Let one variant stand for all that have the same trades (`same_as`)."),
    ] = None

    @field_validator("top_trades_n")
    @classmethod
    def _check_top_trades(cls, top_trades_n: int | None, info: ValidationInfo) -> int | None:
        top_k = info.data.get("top_k")
        if top_trades_n is not None and top_k is not None and top_trades_n > top_k:
            raise PydanticCustomError(
                "less_than_equal",
                "must be <= top_k ({top_k}), was {top_trades_n}",
                {"top_k": top_k, "top_trades_n": top_trades_n},
            )
        return top_trades_n


class BacktestRequest(RunOptions):
    """A run of a saved strategy or of an ad-hoc template: exactly one of the two."""

    strategy_id: Annotated[StrategyId | None, Field(description="Saved mode.")] = None
    overrides: Annotated[
        Overrides | None, Field(description="Changes to the saved strategy; saved mode only.")
    ] = None
    template: Annotated[Template | None, Field(description="Ad-hoc mode.")] = None
    include: Annotated[
        tuple[AnswerPart, ...] | None,
        Field(description="What the answer holds beside its variants."),
    ] = None
