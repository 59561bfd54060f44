"""How fast indicators are over their default grids, beside TA-Lib called once per setting."""

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from backtest.axes import Scalar, axis_values
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.definition import Indicator
from backtest.indicators.series import Series
from backtest.jit import warm
from backtest.types import FloatArray
from benchmarks.bars import YEAR_1M, YEAR_15M, bars_of
from benchmarks.engine_run import settings
from benchmarks.tables import Benchmark, Finding
from benchmarks.talib_calls import TALIB, TalibCall
from benchmarks.timing import thousands

SETTINGS_OF = {YEAR_15M: (1200, 40), YEAR_1M: (80, 8)}
LEAST_TURNS, LEAST_CALLS = 7, 40
LARGER_ARRAY_BYTES = 31 << 20

Setting = dict[str, Scalar]


def grid_of(row: Indicator, at_most: int) -> list[Setting]:
    """The first settings of the default grid in the engine's order, whole inner loops first."""
    axes = settings().grid_defaults.indicator_axes(row.id)
    inner = tuple(name for name in row.inner if name in row.primary_axes)
    order = inner + tuple(name for name in row.primary_axes if name not in inner)
    every = product(*(axis_values(axes[name]) for name in order))
    kinds = {param.name: param.kind for param in row.params}
    return [
        {
            name: float(value) if kinds.get(name) == "float" else value
            for name, value in zip(order, chosen, strict=True)
        }
        for chosen, _ in zip(every, range(at_most), strict=False)
    ]


def spread(grid: Sequence[Setting], at_most: int) -> list[Setting]:
    """Settings from the whole grid at even distances."""
    places = np.unique(np.linspace(0, len(grid) - 1, min(at_most, len(grid))).astype(int))
    return [grid[place] for place in places]


def microseconds(call: Callable[[Setting], FloatArray], grid: Sequence[Setting]) -> float:
    """Mean microseconds per setting."""
    started = time.perf_counter()
    for setting in grid:
        call(setting)
    return (time.perf_counter() - started) / len(grid) * 1e6


def _apply(row: Indicator, series: Series, setting: Setting) -> FloatArray:
    return row.compute(series, **setting)


def _call(peer: TalibCall, series: Series, setting: Setting) -> FloatArray:
    return peer(series, **setting)


class Times(NamedTuple):
    """Best mean microseconds per setting of each side; NaN where TA-Lib has no counterpart."""

    cold: float
    warm: float
    peer: float


def times(row: Indicator, series: Series) -> Times:
    """The sides take turns, so that a noisy moment meets all of them."""
    n_warm, n_cold = SETTINGS_OF[len(series)]
    grid = grid_of(row, n_warm)
    sample = spread(grid, n_cold)
    peer = TALIB.get(row.id)
    turns = [
        Times(
            cold=microseconds(lambda setting: row.compute(series.fork(), **setting), sample),
            warm=microseconds(partial(_apply, row, series.fork()), grid),
            peer=math.nan if peer is None else microseconds(partial(_call, peer, series), sample),
        )
        for _ in range(max(LEAST_TURNS, LEAST_CALLS // len(sample)))
    ]
    return Times(*(min(column) for column in zip(*turns, strict=True)))


def row_of(row: Indicator, series: Series) -> list[str]:
    """Cold: nothing remembered between settings. Warm: one memory over the grid in its order."""
    n_warm, _ = SETTINGS_OF[len(series)]
    cold, warm_us, peer = times(row, series)
    cells = [f"`{row.id}`", str(len(grid_of(row, n_warm))), f"{cold:.0f}", f"{warm_us:.0f}"]
    cells.append(thousands(len(series) / warm_us))
    if math.isnan(peer):
        return [*cells, "–", "–", "–"]
    return [*cells, f"{peer:.0f}", f"{peer / cold:.2f}", f"{peer / warm_us:.2f}"]


def over(n_bars: int) -> Finding:
    """All indicators over one length of history."""
    series = Series.of(bars_of(n_bars))
    offered = [row for row in INDICATORS.values() if not row.is_internal]
    n_warm, n_cold = SETTINGS_OF[n_bars]
    return Finding(
        key=f"indicators-{n_bars}",
        question=f"What does a setting of each indicator cost over {thousands(n_bars)} bars?",
        header=[
            *("indicator", "settings", "cold µs", "warm µs", "bars/µs"),
            *("TA-Lib µs", "cold ratio", "warm ratio"),
        ],
        rows=[row_of(row, series) for row in offered],
        notes=[
            (
                f"The first settings of the default grid, at most {n_warm}; cold and TA-Lib over "
                f"{n_cold} of these at even distances; one thread, best of at least {LEAST_TURNS} "
                "turns."
            ),
            (
                "Cold: each setting alone. Warm: one memory over the grid in the order that the "
                "engine uses, so inner parts are computed once."
            ),
            (
                "TA-Lib is called once per setting with every array step that gives the same "
                "quantity. A ratio is TA-Lib's time over ours."
            ),
            (
                "Both sides keep the pages they free, because a larger array was freed before, as "
                "in a service after its first request. In a fresh process the C library gives them "
                "back after every call with two or three arrays of 525 600 bars, and fetching them "
                "again costs either side about 1 ms per array."
            ),
        ],
    )


def keep_freed_pages() -> None:
    """Free one array beyond the size from which the C library maps them one by one.

    That raises its limits (mallopt(3), M_MMAP_THRESHOLD), as any larger request does.
    """
    np.empty(LARGER_ARRAY_BYTES, dtype=np.uint8)


def measure() -> list[Finding]:
    warm()
    keep_freed_pages()
    return [over(n_bars) for n_bars in SETTINGS_OF]


INDICATORS_PAGE = Benchmark(name="indicators", title="Indicators", measure=measure)
