"""The candle series of a run and the sub-results that variants of an indicator share."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Concatenate, ParamSpec, TypeVarTuple

from backtest.types import Bars, FloatArray

P = ParamSpec("P")
Args = TypeVarTuple("Args")

SOURCES = ("open", "high", "low", "close", "hl2", "hlc3", "ohlc4")
SHARED_BYTES = 64 << 20


class Series:
    """Named float64 series, shape (n_bars,), and a memory of series derived from them.

    Derived prices are formed in float64: `hl2 = (h+l)/2`, `hlc3 = (h+l+c)/3`,
    `ohlc4 = (o+h+l+c)/4`. One instance belongs to one thread; `fork` makes another that shares
    the candles but remembers by itself.

    Args:
        named: The series by name.
        shared_bytes: How much remembered sub-results may hold; the least recently used go first.
    """

    def __init__(self, named: dict[str, FloatArray], shared_bytes: int = SHARED_BYTES) -> None:
        self._named = named
        self._shared_bytes = shared_bytes
        self._remembered: OrderedDict[tuple[Hashable, ...], FloatArray] = OrderedDict()
        self._held_bytes = 0
        self._asked: set[Hashable] = set()

    @classmethod
    def of(cls, bars: Bars, shared_bytes: int = SHARED_BYTES) -> "Series":
        """All candle series and sources of `bars`."""
        o, h, low, c = bars.open, bars.high, bars.low, bars.close
        named = {"open": o, "high": h, "low": low, "close": c, "volume": bars.volume}
        named["hl2"] = (h + low) / 2
        named["hlc3"] = (h + low + c) / 3
        named["ohlc4"] = (o + h + low + c) / 4
        return cls(named, shared_bytes)

    def fork(self) -> "Series":
        """The same candles with an empty memory, for another thread."""
        return Series(self._named, self._shared_bytes)

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
