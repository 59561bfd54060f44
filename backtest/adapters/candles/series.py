"""Candles that belong together: those of one instrument that are equally long.

See: docs/stores.md
"""

from dataclasses import dataclass

from backtest.types import MINUTE_MS, Instrument

DAY_MS = 1_440 * MINUTE_MS
_UNITS = (("d", DAY_MS), ("h", 60 * MINUTE_MS), ("m", MINUTE_MS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """`length_ms` is how long each of the candles lasts, whole minutes."""

    instrument: Instrument
    length_ms: int = MINUTE_MS


def is_storable(length_ms: int) -> bool:
    """Whether candles of this length fill a day from midnight UTC on, as those of minutes do."""
    return length_ms > 0 and length_ms % MINUTE_MS == 0 and DAY_MS % length_ms == 0


def spelled_length(length_ms: int) -> str:
    """`1h` of 3 600 000."""
    unit, unit_ms = next(unit for unit in _UNITS if length_ms % unit[1] == 0)
    return f"{length_ms // unit_ms}{unit}"


def parsed_length(text: str) -> int | None:
    """3 600 000 of `1h`; None of what `spelled_length` does not write."""
    unit_ms = dict(_UNITS).get(text[-1:])
    if unit_ms is None or not text[:-1].isdecimal() or int(text[:-1]) == 0:
        return None
    length_ms = int(text[:-1]) * unit_ms
    return length_ms if spelled_length(length_ms) == text else None
