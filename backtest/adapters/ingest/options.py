"""What the user says about a file that its bytes do not."""

from dataclasses import dataclass
from typing import Literal

from backtest.adapters.ingest.symbols import is_same_symbol
from backtest.adapters.ingest.times import DateOrder
from backtest.types import MINUTE_MS

TimesOf = Literal["open", "close"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The options of an import.

    Attributes:
        symbol: Whose candles are wanted; None takes a file that names one symbol.
        file_symbol: How the file spells that symbol, where it is another name.
        timezone: The IANA zone of times without one.
        times: Whether times are those of a candle's open or close, where the file does not say.
        date_order: Of dates such as 01/02/2024.
        floor_times: Move times that lie within a minute to its start.
        zero_volume: Store 0 where there is no base volume.
        length_ms: How long the file's candles are; another length is refused.
    """

    symbol: str | None = None
    file_symbol: str | None = None
    timezone: str | None = None
    times: TimesOf | None = None
    date_order: DateOrder | None = None
    floor_times: bool = False
    zero_volume: bool = False
    length_ms: int = MINUTE_MS

    @property
    def length_us(self) -> int:
        """The same in microseconds, in which files are read."""
        return self.length_ms * 1_000

    def is_wanted(self, symbol: str) -> bool:
        """Whether rows of this symbol in a file are the ones that were asked for."""
        if self.file_symbol is not None:
            return symbol.strip() == self.file_symbol
        return self.symbol is None or is_same_symbol(symbol, self.symbol)

    def other_symbol(self, first: str, *more: str) -> str:
        """That a file holds other symbols, and what to do."""
        names = ", ".join((first, *more[:4])) + (" …" if len(more) > 4 else "")
        wanted = self.file_symbol or self.symbol
        return (
            f"the file holds candles of {names}, not of {wanted}; if the file calls {wanted} by the"
            f" name {first}, pass --file-symbol {first}"
        )
