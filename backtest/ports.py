"""What the use-case needs from outside; adapters fit by shape, pyright proves it in wiring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from backtest.axes import Axis
from backtest.control import Control
from backtest.request import Template
from backtest.types import MINUTE_MS, FloatArray, Instrument, IntArray, Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """Non-empty buckets of one timeframe, ascending and distinct by `ts_open`.

    Shape (n_buckets,): `ts_open` int64 epoch milliseconds on the timeframe's grid, the rest
    float64 and finite. Buckets without an available minute are missing (docs/timeline.md).

    `candle_ms` is the length of the candles they were made of. `runs`, shape (n_runs, 2) int64,
    says which candles those were: the open times of the first and the last of each unbroken run,
    ascending (docs/answer.md).
    """

    ts_open: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    candle_ms: int
    runs: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRange:
    """What is stored of one instrument: open times of its first and its last candle.

    `lengths_ms` are the lengths of its candles, ascending.
    """

    first_ms: int
    last_ms: int
    lengths_ms: tuple[int, ...] = (MINUTE_MS,)


class CandleFeed(Protocol):
    """Where candles are, seen as buckets of a timeframe."""

    def load(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start_ms: int,
        stop_ms: int,
        control: Control,
    ) -> Buckets:
        """Roll up the candles with `start_ms <= ts_open < stop_ms`, all of one length.

        Which length that is, the feed decides and `candle_ms` says; there is no bucket where no
        stored length divides the timeframe.

        Raises:
            CandlesUnavailable: The store cannot be reached or its answer is not complete.
            DeadlineExceeded: The control's deadline passed.
            RunCancelled: The control was cancelled.
        """
        ...

    def stored_range(self, instrument: Instrument, *, control: Control) -> StoredRange | None:
        """How far the candles of an instrument reach; None where there are none.

        Raises:
            BacktestError: As from `load`.
        """
        ...

    def instruments(self, *, control: Control) -> Sequence[Instrument]:
        """Every instrument that has a candle, ordered by market and symbol.

        Raises:
            BacktestError: As from `load`.
        """
        ...

    def ping(self) -> None:
        """Return when the store answers; raise `CandlesUnavailable` otherwise."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedStrategy:
    """A stored strategy as it is; ownership and deletion are judged by the use-case."""

    strategy_id: UUID
    user_id: UUID
    is_deleted: bool
    spec: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedLine:
    """A stored strategy as a list shows it; `created_at` is in UTC."""

    strategy_id: UUID
    name: str
    spec: Mapping[str, Any]
    created_at: datetime


class StrategyReader(Protocol):
    """Where saved strategies are."""

    def find(self, strategy_id: UUID) -> SavedStrategy | None:
        """The stored row, deleted or not; None where there is none.

        Raises:
            StrategiesUnavailable: The store cannot be reached.
        """
        ...

    def ping(self) -> None:
        """Return when the store answers; raise `StrategiesUnavailable` otherwise."""
        ...


class SpecReader(Protocol):
    """Turns a stored spec payload into a template."""

    def __call__(self, spec: Mapping[str, Any]) -> Template:
        """Check the payload and translate it.

        Raises:
            InvalidRequest: With places that start with `"spec"`.
        """
        ...


class GridDefaults(Protocol):
    """The axes that a request gets where it names none."""

    def indicator_axes(self, indicator_id: str) -> Mapping[str, Axis]:
        """Default axes by parameter name, the source axis under `"source"`; empty if none."""
        ...

    def signal_axes(self, indicator_id: str) -> Mapping[str, Axis]:
        """Default axes of the signal rule's parameters; empty if none."""
        ...
