"""Steps of kernels as kernels call them, for tests that hand them numbers of their own."""

from typing import Any, cast

import numba

from backtest.engine.money import daily
from backtest.types import FloatArray

_njit = cast("Any", numba.njit)


@_njit
def ratios_of(init_cash: float, equity: FloatArray) -> tuple[float, float, float]:
    return daily.ratios_of(init_cash, equity)


@_njit
def growth_rate(init_cash: float, end: float, n_days: float) -> float:
    return daily.growth_rate(init_cash, end, n_days)
