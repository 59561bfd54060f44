"""Crosses of two averages as docs/indicators.md defines them: one average less the other."""

from collections.abc import Callable

from tests.oracle import ma
from tests.oracle.decimals import Numbers, Rows


def apart(
    average: Callable[..., Numbers], rows: Rows, source: str, fast: int, slow: int
) -> Numbers:
    both = (average(rows, source=source, window=window) for window in (fast, slow))
    return [a - b for a, b in zip(*both, strict=True)]


def sma(rows: Rows, *, source: str, fast_window: int, slow_window: int) -> Numbers:
    return apart(ma.sma, rows, source, fast_window, slow_window)


def ema(rows: Rows, *, source: str, fast_window: int, slow_window: int) -> Numbers:
    return apart(ma.ema, rows, source, fast_window, slow_window)


def rma(rows: Rows, *, source: str, fast_window: int, slow_window: int) -> Numbers:
    return apart(ma.rma, rows, source, fast_window, slow_window)
