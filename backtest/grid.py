"""The grid of a run: every axis resolved and checked, every variant numbered.

See: docs/grid.md
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from backtest.axes import Scalar
from backtest.columns import AxisValues, Column, columns_of
from backtest.indicators.definition import Indicator
from backtest.result import Risk, Selection


@dataclass(frozen=True, kw_only=True)
class IndicatorAxes:
    """One indicator of a run with its materialised axes.

    `axes` are in the catalog's order, `signal_axes` sorted by parameter. A compute index numbers
    the product of `columns`, a signal index that of `signal_axes`; the last axis is fastest.
    """

    indicator: Indicator
    axes: tuple[AxisValues, ...]
    signal_axes: tuple[AxisValues, ...]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The axes as digits of a compute index: axes that rise are one digit together."""
        return columns_of(self.axes, self.indicator.rising)

    @cached_property
    def signal_columns(self) -> tuple[Column, ...]:
        """The axes of its rule as digits of a signal index."""
        return columns_of(self.signal_axes, None)

    @property
    def n_compute(self) -> int:
        """Number of compute variants of this indicator alone."""
        return math.prod(map(len, self.columns))

    @property
    def n_signals(self) -> int:
        """Number of settings of its rule."""
        return math.prod(map(len, self.signal_columns))

    def setting(self, compute_index: int) -> dict[str, Scalar]:
        """Axis values of one compute variant, the source under `"source"`."""
        return _pick(self.columns, compute_index)

    def signal_setting(self, signal_index: int) -> dict[str, Scalar]:
        """Rule parameters of one signal variant."""
        return _pick(self.signal_columns, signal_index)

    def selection(self, compute_index: int) -> Selection:
        """One compute variant as the answer shows it."""
        setting = self.setting(compute_index)
        source = cast("str | None", setting.pop("source", None))
        return Selection(indicator_id=self.indicator.id, source=source, params=setting)


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantPoint:
    """Where a base variant lies: one compute and one signal index per indicator."""

    compute: tuple[int, ...]
    signals: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All axes of a run; indicators sorted by id.

    A base variant is numbered `compute_index * n_signals + signal_index`; risk cells are numbered
    with the stop-loss slow and the take-profit fast, a disabled kind having one cell.
    """

    indicators: tuple[IndicatorAxes, ...]
    sl_pct: tuple[float, ...] | None
    tp_pct: tuple[float, ...] | None

    @property
    def n_compute(self) -> int:
        """Product of the indicators' compute variants."""
        return math.prod(entry.n_compute for entry in self.indicators)

    @property
    def n_signals(self) -> int:
        """Product of the indicators' signal variants."""
        return math.prod(entry.n_signals for entry in self.indicators)

    @property
    def n_base(self) -> int:
        """Base variants: Stage A's load."""
        return self.n_compute * self.n_signals

    @property
    def n_risk(self) -> int:
        """Cells of the stop-loss × take-profit plane."""
        return len(self.sl_pct or (None,)) * len(self.tp_pct or (None,))

    def point(self, base_index: int) -> VariantPoint:
        """The indicators' indexes of a base variant."""
        compute, signal = divmod(base_index, self.n_signals)
        return VariantPoint(
            compute=_digits(compute, tuple(entry.n_compute for entry in self.indicators)),
            signals=_digits(signal, tuple(entry.n_signals for entry in self.indicators)),
        )

    def risk(self, risk_index: int) -> Risk:
        """Stop-loss and take-profit of a risk cell."""
        stop, profit = divmod(risk_index, len(self.tp_pct or (None,)))
        return Risk(
            sl_enabled=self.sl_pct is not None,
            sl_pct=None if self.sl_pct is None else self.sl_pct[stop],
            tp_enabled=self.tp_pct is not None,
            tp_pct=None if self.tp_pct is None else self.tp_pct[profit],
        )

    def selections(self, point: VariantPoint) -> Iterator[Selection]:
        """The chosen values of each indicator."""
        for entry, index in zip(self.indicators, point.compute, strict=True):
            yield entry.selection(index)

    def signals(self, point: VariantPoint) -> Mapping[str, Mapping[str, Scalar]]:
        """The chosen rule parameters, of the indicators whose rule has any."""
        return {
            entry.indicator.id: entry.signal_setting(index)
            for entry, index in zip(self.indicators, point.signals, strict=True)
            if entry.signal_axes
        }


NO_RISK = Risk(sl_enabled=False, sl_pct=None, tp_enabled=False, tp_pct=None)


def _digits(index: int, radices: tuple[int, ...]) -> tuple[int, ...]:
    """Mixed-radix digits of an index, the last one fastest."""
    digits: list[int] = []
    for radix in reversed(radices):
        index, digit = divmod(index, radix)
        digits.append(digit)
    return tuple(reversed(digits))


def _pick(columns: Sequence[Column], index: int) -> dict[str, Scalar]:
    digits = _digits(index, tuple(map(len, columns)))
    chosen: dict[str, Scalar] = {}
    for column, digit in zip(columns, digits, strict=True):
        chosen |= column.setting(digit)
    return chosen
