"""Candles that belong together: those of one instrument that are equally long.

See: docs/stores.md
"""

import re
from dataclasses import dataclass

from backtest.enums import LENGTH_UNITS, spelled_length
from backtest.types import DAY_MS, MINUTE_MS, Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeries:
    """`length_ms` is how long each of the candles lasts, whole minutes."""

    instrument: Instrument
    length_ms: int = MINUTE_MS


def is_storable(length_ms: int) -> bool:
    """Whether candles of this length fill a day from midnight UTC on, as those of minutes do."""
    return length_ms > 0 and length_ms % MINUTE_MS == 0 and DAY_MS % length_ms == 0


def parsed_length(text: str) -> int | None:
    """3 600 000 of `1h`; None of what `spelled_length` does not write."""
    unit_ms = dict(LENGTH_UNITS).get(text[-1:])
    if unit_ms is None or not re.fullmatch("[1-9][0-9]{0,8}", text[:-1]):
        return None
    length_ms = int(text[:-1]) * unit_ms
    return length_ms if spelled_length(length_ms) == text else None
