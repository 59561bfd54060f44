"""The first rows of a file, as far as it takes to tell how it is written."""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from backtest.adapters.ingest.names import currency_of, field_of, plain
from backtest.adapters.ingest.times import UNREADABLE_TIME, date_order, to_moments
from backtest.adapters.ingest.values import is_nothing, to_floats, trimmed
from backtest.types import FloatArray

_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?|\d{1,6}")
_YEAR_1980_US = 315_532_800_000_000
_INDEX_NAMES = {"", "index", "unnamed_0", "index_level_0"}
_CONTRACTS_QUOTE = (10.0, 100.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Arrow columns of the first rows, shape (n_sample,) each.

    `raw_names` are the headings as they stand, empty without a header; `tickers` are
    symbols in a second line of headings or around the rows of a JSON.
    """

    container: str
    raw_names: Sequence[str]
    columns: Sequence[Any]
    tickers: Sequence[str] = ()
    has_decimal_commas: bool = False

    @property
    def names(self) -> list[str] | None:
        """Plain headings, None without a header."""
        return [plain(name) for name in self.raw_names] if self.raw_names else None

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.columns)

    @property
    def has_currency_volumes(self) -> bool:
        """Whether the volumes are named by their currencies, and by nothing else."""
        fields = {found[0] for name in self.names or () if (found := field_of(name))}
        return "volume_base" not in fields and any(map(currency_of, self.names or ()))

    @property
    def index_place(self) -> int | None:
        """The column of times that has no name, where no other says that it has them."""
        names = self.names or []
        known = {found[0] for name in names if (found := field_of(name))}
        if known & {"time", "date", "close_time"}:
            return None
        places = (i for i, name in enumerate(names) if name in _INDEX_NAMES)
        return next((i for i in places if self.is_time(i)), None)

    def heading(self, place: int) -> str:
        """What a column is called in the file."""
        return self.raw_names[place] if self.raw_names else f"column {place + 1}"

    def floats(self, place: int) -> FloatArray:
        """The numbers of a column."""
        return to_floats(self.columns[place], has_decimal_commas=self.has_decimal_commas)

    def texts(self, place: int) -> list[str]:
        """The fields of a column that are not empty."""
        column = self.columns[place]
        return [
            str(text) for text in trimmed(column.filter(pa.array(~is_nothing(column)))).to_pylist()
        ]

    def has_any(self, names: Iterable[str]) -> bool:
        """Whether any of some plain names is among the headings."""
        return not set(names).isdisjoint(self.names or ())

    def texts_of(self, name: str) -> list[str]:
        """The fields of the column with a plain name that are not empty; none without it."""
        names = self.names or []
        return self.texts(names.index(name)) if name in names else []

    def share_of_prices(self, opens: int, highs: int, lows: int, closes: int) -> float:
        """How many of the rows that have numbers have open and close within low..high."""
        o, h, low, c = (self.floats(place) for place in (opens, highs, lows, closes))
        is_known = np.isfinite(o + h + low + c)
        fits = (np.minimum(o, c) >= low) & (np.maximum(o, c) <= h) & (low > 0)
        return float(np.mean(fits[is_known])) if is_known.any() else 0.0

    def is_time(self, place: int) -> bool:
        """Whether most of a column are moments since 1980."""
        order = date_order(self.texts(place)) if self.is_text(place) else None
        us = to_moments(self.columns[place], "day-first" if order == "unknown" else order).us
        return len(us) > 0 and bool(np.mean((us != UNREADABLE_TIME) & (us > _YEAR_1980_US)) > 0.5)

    def are_times_before_1980(self, place: int) -> bool:
        """Whether a column holds numbers too small for moments."""
        column = self.columns[place]
        if pa.types.is_temporal(column.type) or np.isnan(self.floats(place)).all():
            return False
        us = to_moments(column).us
        return bool(np.all(us[us != UNREADABLE_TIME] <= _YEAR_1980_US))

    def is_text(self, place: int) -> bool:
        """Whether a column is no number."""
        return bool(np.isnan(self.floats(place)).all())

    def is_clock(self, place: int) -> bool:
        """Whether a column holds times of day."""
        texts = self.texts(place)
        return bool(texts) and all(_CLOCK.fullmatch(text) for text in texts)

    def are_whole(self, place: int) -> bool:
        """Whether a column could be counts."""
        numbers = self.floats(place)
        numbers = numbers[np.isfinite(numbers)]
        return len(numbers) > 0 and bool(np.all((numbers == np.floor(numbers)) & (numbers >= 0)))

    def are_flags(self, place: int) -> bool:
        """Whether a column says yes or no."""
        return {text.lower() for text in self.texts(place)} <= {"0", "1", "true", "false"}

    def is_between(self, place: int, *, low: int, high: int) -> bool:
        """Whether a column lies within two others in most rows, as an average price does."""
        numbers = self.floats(place)
        is_inside = (numbers >= self.floats(low)) & (numbers <= self.floats(high))
        return bool(np.mean(is_inside | (numbers == 0)) > 0.5)

    def is_turnover(self, *, volume: int, quote: int) -> bool:
        """Whether one volume is the other times a price of the row (columns 1 to 4)."""
        return lie_within(self.floats(quote), self.floats(volume), self.floats(3), self.floats(2))

    def is_worth(self, *, volume: str, quote: str) -> bool:
        """Whether the column named `quote` is the one named `volume` times a price of the row."""
        names = self.names or []
        if not {volume, quote, "low", "high"} <= set(names):
            return False
        columns = (self.floats(names.index(name)) for name in (quote, volume, "low", "high"))
        return lie_within(*columns)

    def counts_contracts(self, *, volume: int, other: int) -> bool:
        """Whether a volume counts contracts of so much quote, and the other one is in base."""
        contracts, base = self.floats(volume), self.floats(other)
        return any(
            lie_within(contracts * size, base, self.floats(3), self.floats(2))
            for size in _CONTRACTS_QUOTE
        )


def lie_within(quote: FloatArray, base: FloatArray, low: FloatArray, high: FloatArray) -> bool:
    """Whether `quote / base` is a price of its row in most rows with a volume."""
    with np.errstate(divide="ignore", invalid="ignore"):
        price = quote / base
        is_inside = (price >= low * 0.98) & (price <= high * 1.02)
    has_volume = (base > 0) & (quote > 0)
    return bool(has_volume.any()) and bool(np.mean(is_inside[has_volume]) > 0.5)
