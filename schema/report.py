"""The report of one variant and what it consists of.

See: docs/metrics.md
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Protocol, overload

import strawberry
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SkipValidation

from backtest.errors import InvalidRequest, Problem
from schema.enums import ExitReason, TradeDirection
from schema.named_metrics import NamedMetrics, named_metrics
from schema.scalars import Timestamp
from schema.standard import StandardRatios

ANSWER = ConfigDict(frozen=True)
DEFAULT_CURVE_POINTS = 500
MIN_CURVE_POINTS = 2
MAX_CURVE_POINTS = 5_000
TRADES_PER_SLICE = 256


@strawberry.pydantic.type(description="One closed round trip.")
class Trade(BaseModel):
    """One closed round trip."""

    model_config = ANSWER

    trade_id: Annotated[int, Field(description="Counts from 1 in order of entry.")]
    direction: Annotated[TradeDirection, Field(description="Side of the trade.")]
    entry_bar_index: Annotated[
        int, Field(description="Counts from the first loaded bar, warm-up included.")
    ]
    exit_bar_index: Annotated[
        int, Field(description="Counts from the first loaded bar, warm-up included.")
    ]
    entry_ts: Annotated[Timestamp, Field(description="Close time of the entry bar.")]
    exit_ts: Annotated[Timestamp, Field(description="Close time of the exit bar.")]
    entry_fill_price: Annotated[float, Field(description="Price paid or received, with slippage.")]
    exit_fill_price: Annotated[float, Field(description="Price received or paid, with slippage.")]
    qty_base: Annotated[float, Field(description="Size in base currency.")]
    entry_quote_amount: Annotated[float, Field(description="Quote value of the entry.")]
    exit_quote_amount: Annotated[float, Field(description="Quote value of the exit.")]
    entry_fee_quote: Annotated[float, Field(description="Fee of the entry.")]
    exit_fee_quote: Annotated[float, Field(description="Fee of the exit.")]
    gross_pnl_quote: Annotated[float, Field(description="Profit before fees.")]
    net_pnl_quote: Annotated[float, Field(description="Profit after both fees.")]
    locked_profit_quote: Annotated[float, Field(description="Share of the profit locked away.")]
    exit_reason: Annotated[ExitReason, Field(description="Why the trade ended.")]


class Trades(Sequence[Trade]):
    """Trades that are made when they are read, a slice at a time: thousands cost little memory.

    Args:
        n_trades: How many there are.
        rows: Members of the trades from one place up to another, which is not among them.

    See: docs/reliability.md#answers
    """

    def __init__(self, n_trades: int, rows: Callable[[int, int], list[dict[str, Any]]]) -> None:
        self._n_trades, self._rows = n_trades, rows

    def __len__(self) -> int:
        """How many there are."""
        return self._n_trades

    @overload
    def __getitem__(self, index: int) -> Trade: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Trade, ...]: ...
    def __getitem__(self, index: int | slice) -> Trade | tuple[Trade, ...]:
        """One trade, or several."""
        places = range(self._n_trades)[index]
        if isinstance(places, int):
            return Trade.model_construct(**self._rows(places, places + 1)[0])
        return tuple(self[place] for place in places)

    def __iter__(self) -> Iterator[Trade]:
        """The trades in order of entry."""
        for rows in self.slices():
            for row in rows:
                yield Trade.model_construct(**row)

    def slices(self) -> Iterator[list[dict[str, Any]]]:
        """The members of all trades, a few hundred trades at a time."""
        for start in range(0, self._n_trades, TRADES_PER_SLICE):
            yield self._rows(start, min(start + TRADES_PER_SLICE, self._n_trades))


@strawberry.pydantic.type(description="A metric as printed.")
class MetricRow(BaseModel):
    """A metric as printed."""

    model_config = ANSWER

    metric: Annotated[str, Field(description="Title of the row.")]
    value: Annotated[str, Field(description="The number as printed; `N/A` where undefined.")]


@strawberry.type(description="A metric as a number.")
class MetricNumber:
    """A metric as a number.

    See: docs/metrics.md
    """

    metric: str = strawberry.field(description="Title of the row.")
    value: float | None = strawberry.field(
        description="Unrounded; times and durations in milliseconds; null where undefined."
    )


@strawberry.type(description="Equity at the close of one bar.")
class EquityPoint:
    """Equity at the close of one bar.

    See: docs/metrics.md
    """

    ts: Timestamp = strawberry.field(description="Close time of the bar.")
    equity: float = strawberry.field(description="In quote currency.")
    drawdown_pct: float | None = strawberry.field(
        description="Fall from the running peak, in percent; null while that is not above 0."
    )


@strawberry.type(description="The return of a calendar month, UTC.")
class MonthReturn:
    """The return of a calendar month, UTC.

    See: docs/metrics.md#months
    """

    year: int = strawberry.field(description="Such as 2024.")
    month: int = strawberry.field(description="1 to 12.")
    return_pct: float | None = strawberry.field(
        description="Change of equity in percent; null where it began with no equity above 0."
    )


@strawberry.type(description="What a signal says in bars that follow each other.")
class SignalStretch:
    """What a signal says in bars that follow each other.

    See: docs/signals.md#the-signal-of-one-variant
    """

    from_ts: Timestamp = strawberry.field(description="Close time of the first bar.")
    to_ts: Timestamp = strawberry.field(description="Close time of the last bar.")
    n_bars: int = strawberry.field(description="How many bars.")
    n_long: int = strawberry.field(description="How many of them are long.")
    n_short: int = strawberry.field(description="How many of them are short.")


@strawberry.type(description="What one indicator says by itself.")
class IndicatorSignal:
    """What one indicator says by itself.

    See: docs/signals.md#the-signal-of-one-variant
    """

    indicator_id: str = strawberry.field(description="Id of the indicator.")
    stretches: list[SignalStretch] = strawberry.field(description="In order of time.")


class ReportDrawing(Protocol):
    """Draws what a report does not hold when somebody asks for it.

    See: docs/metrics.md
    """

    def curve(self, max_points: int) -> list[EquityPoint]:
        """The equity curve."""
        ...

    def months(self) -> list[MonthReturn]:
        """The return of every month."""
        ...

    def signal(self, max_points: int) -> list[SignalStretch]:
        """What the indicators say together."""
        ...

    def indicator_signals(self, max_points: int) -> list[IndicatorSignal]:
        """What each indicator says."""
        ...


@strawberry.pydantic.type(description="The full report of one variant.")
class Report(BaseModel):
    """The full report of one variant."""

    model_config = ANSWER

    rows: Annotated[tuple[MetricRow, ...], Field(description="25 metrics in fixed order.")]
    table_md: Annotated[str, Field(description="The same rows as a Markdown table.")]
    metrics: Annotated[
        strawberry.Private[dict[str, float | int | None]],
        Field(description="The same numbers, unrounded; null where undefined."),
    ]
    standard: Annotated[StandardRatios, Field(description="Standard ratios, beside the rows.")]
    trades: Annotated[
        SkipValidation[Sequence[Trade] | None],
        Field(description="For the first `top_trades_n` variants, null for the others."),
    ]
    _drawing: ReportDrawing | None = PrivateAttr(default=None)

    def attach_drawing(self, drawing: ReportDrawing) -> None:
        """Tell who draws the equity curve; that is done when somebody asks for it."""
        self._drawing = drawing

    @strawberry.pydantic.field(name="metrics", description="The same numbers, unrounded.")
    def metric_numbers(self) -> list[MetricNumber]:
        """The map of metrics as a list."""
        return [MetricNumber(metric=title, value=value) for title, value in self.metrics.items()]

    @strawberry.pydantic.field(description="The same numbers by name, each with its own type.")
    def named(self) -> NamedMetrics:
        """The map of metrics as fields."""
        return named_metrics(self.metrics)

    @strawberry.pydantic.field(
        description="Equity at bar closes; `maxPoints` is 2 to 5000. Peak and trough of the "
        "largest drawdown are always among them, from 3 points on the last bar, from 4 on the "
        "first, and then the lowest and the highest bar of each stretch."
    )
    def equity_curve(self, max_points: int | None = DEFAULT_CURVE_POINTS) -> list[EquityPoint]:
        """The curve; blocking work, as is all execution of a document."""
        assert self._drawing is not None
        return self._drawing.curve(_n_points(max_points))

    @strawberry.pydantic.field(
        description="Return of each calendar month, from the last close of the month before to "
        "the last close of its own."
    )
    def returns_by_month(self) -> list[MonthReturn]:
        """The months; blocking work, as is all execution of a document."""
        assert self._drawing is not None
        return self._drawing.months()

    @strawberry.pydantic.field(
        description="What all indicators say together at each bar: before and apart from what is "
        "held, and whatever the direction. At most `maxPoints` stretches (2 to 5000): of one "
        "signal each where there are no more of these, otherwise of equally many bars."
    )
    def signal(self, max_points: int | None = DEFAULT_CURVE_POINTS) -> list[SignalStretch]:
        """The signal; blocking work, as is all execution of a document."""
        assert self._drawing is not None
        return self._drawing.signal(_n_points(max_points))

    @strawberry.pydantic.field(
        description="What each indicator says by itself, in as many stretches as `signal` has."
    )
    def indicator_signals(
        self, max_points: int | None = DEFAULT_CURVE_POINTS
    ) -> list[IndicatorSignal]:
        """The signals; blocking work, as is all execution of a document."""
        assert self._drawing is not None
        return self._drawing.indicator_signals(_n_points(max_points))


def _n_points(max_points: int | None) -> int:
    """How many points somebody asks for.

    Raises:
        InvalidRequest: Fewer or more than are drawn.
    """
    n_points = DEFAULT_CURVE_POINTS if max_points is None else max_points
    if not MIN_CURVE_POINTS <= n_points <= MAX_CURVE_POINTS:
        message = f"must be {MIN_CURVE_POINTS} to {MAX_CURVE_POINTS}, was {n_points}"
        raise InvalidRequest([Problem(("maxPoints",), "out_of_bounds", message)])
    return n_points
