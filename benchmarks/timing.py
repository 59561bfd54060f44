"""Medians of wall time."""

import statistics
import time
from collections.abc import Callable


def median_s(call: Callable[[], object], repeats: int = 5) -> float:
    """Median seconds of a call that was made once before."""
    call()
    return statistics.median(once_s(call) for _ in range(repeats))


def once_s(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def thousands(number: float) -> str:
    """A whole number with spaces between thousands."""
    return f"{number:,.0f}".replace(",", "\N{NO-BREAK SPACE}")
