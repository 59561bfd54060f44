"""The candle series of a run and the sub-results that variants of an indicator share."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Concatenate, ParamSpec, TypeVarTuple

import numpy as np

from backtest.indicators.ticks import (
    LOTS_PER_VOLUME,
    Ticks,
    are_whole,
    lot_counts,
    price_counts,
    units_per_price,
)
from backtest.types import Bars, FloatArray

P = ParamSpec("P")
Args = TypeVarTuple("Args")

SOURCES = ("open", "high", "low", "close", "hl2", "hlc3", "ohlc4")
MEANS = {
    "hl2": ("high", "low"),
    "hlc3": ("high", "low", "close"),
    "ohlc4": ("open", "high", "low", "close"),
}
SHARED_BYTES = 64 << 20


class Series:
    """Named float64 series, shape (n_bars,), and a memory of series derived from them.

    Derived prices are `hl2 = (h+l)/2`, `hlc3 = (h+l+c)/3`, `ohlc4 = (o+h+l+c)/4`, of whole ticks
    where the candles have them. One instance belongs to one thread; `fork` makes another that
    shares the candles but remembers by itself.

    Args:
        named: The series by name.
        shared_bytes: How much remembered sub-results may hold; the least recently used go first.
        per_price: Units that make a price of 1 (docs/ties.md); None where the values of `named`
            are to be taken as they are.
    """

    def __init__(
        self,
        named: dict[str, FloatArray],
        shared_bytes: int = SHARED_BYTES,
        per_price: float | None = None,
    ) -> None:
        self._named = named
        self._shared_bytes = shared_bytes
        self._per_price = per_price
        self._ticks: dict[str, Ticks] = {}
        self._remembered: OrderedDict[tuple[Hashable, ...], FloatArray] = OrderedDict()
        self._held_bytes = 0
        self._asked: set[Hashable] = set()

    @classmethod
    def of(cls, bars: Bars, shared_bytes: int = SHARED_BYTES) -> "Series":
        """All candle series and sources of `bars`."""
        named = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        first = np.array([named[name][:1] for name in MEANS["ohlc4"]])
        per_price = units_per_price(float(first[-1, 0])) if first.size else 1.0
        series = cls(named, shared_bytes, per_price if are_whole(first, per_price) else 1.0)
        for name in MEANS:
            counts, per_one = series.ticks(name)
            named[name] = counts / per_one
        return series

    def fork(self) -> "Series":
        """The same candles with an empty memory, for another thread."""
        other = Series(self._named, self._shared_bytes, self._per_price)
        other._ticks = self._ticks
        return other

    def ticks(self, name: str) -> Ticks:
        """A candle series or source in whole units; made once for all forks."""
        found = self._ticks.get(name)
        if found is None:
            found = self._ticks[name] = self._count(name)
        return found

    def _count(self, name: str) -> Ticks:
        parts = MEANS.get(name, ())
        if parts and all(part in self._named for part in parts):
            return self._sum(parts)
        if self._per_price is None:
            return Ticks(self._named[name], 1.0)
        if name == "volume":
            return Ticks(lot_counts(self._named[name]), LOTS_PER_VOLUME)
        return Ticks(price_counts(self._named[name], self._per_price), self._per_price)

    def _sum(self, parts: tuple[str, ...]) -> Ticks:
        first, second, *others = (self.ticks(part) for part in parts)
        total = first.counts + second.counts
        for other in others:
            total += other.counts
        return Ticks(total, first.per_one * len(parts))

    def __getitem__(self, name: str) -> FloatArray:
        return self._named[name]

    def __len__(self) -> int:
        return len(self._named["close"])

    def shared(
        self,
        compute: "Callable[Concatenate[Series, P], FloatArray]",
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> FloatArray:
        """`compute(self, *args)`, remembered by function and arguments.

        The result is shared: nobody may write to it.
        """
        key = (compute, *args, *sorted(kwargs.items()))
        found = self._recall(key)
        return self._keep(key, compute(self, *args, **kwargs)) if found is None else found

    def recall(
        self, compute: "Callable[[Series, *Args], FloatArray]", *args: *Args
    ) -> FloatArray | None:
        """What `shared` remembers of these arguments, if anything."""
        return self._recall((compute, *args))

    def remember(
        self,
        result: FloatArray,
        compute: "Callable[[Series, *Args], FloatArray]",
        *args: *Args,
    ) -> FloatArray:
        """Give `shared` a result that came about otherwise; it must equal that of `compute`."""
        return self._keep((compute, *args), result)

    def is_asked_again(self, question: Hashable) -> bool:
        """False the first time; what is asked once only is not worth remembering."""
        is_known = question in self._asked
        self._asked.add(question)
        return is_known

    def _recall(self, key: tuple[Hashable, ...]) -> FloatArray | None:
        found = self._remembered.get(key)
        if found is not None:
            self._remembered.move_to_end(key)
        return found

    def _keep(self, key: tuple[Hashable, ...], result: FloatArray) -> FloatArray:
        self._remembered[key] = result
        self._held_bytes += result.nbytes
        while self._held_bytes > self._shared_bytes and len(self._remembered) > 1:
            _, oldest = self._remembered.popitem(last=False)
            self._held_bytes -= oldest.nbytes
        return result
