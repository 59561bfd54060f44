"""The digits of a compute index: axes one by one, or two that must rise as pairs.

A cross of 50 fast and the same 50 slow windows has 1 225 variants, not 2 500: where the fast window
is not the shorter one there is no variant, and none is numbered. So numbers stay dense, and what
counts, guards, names or stores variants needs to know nothing of it.

See: docs/grid.md#numbering
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.axes import Axis, Scalar, axis_len, axis_values

AxisValues = tuple[str, tuple[Scalar, ...]]
Rising = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One digit: the axes that it chooses from, and their values at each of its numbers.

    `places`, shape (n_points, n_axes) int32, are positions in `values`.
    """

    names: tuple[str, ...]
    values: tuple[tuple[Scalar, ...], ...]
    places: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.places)

    def setting(self, digit: int) -> dict[str, Scalar]:
        """The values at one number, by axis."""
        chosen = zip(self.names, self.values, self.places[digit].tolist(), strict=True)
        return {name: values[place] for name, values, place in chosen}


def columns_of(axes: Sequence[AxisValues], rising: Rising | None) -> tuple[Column, ...]:
    """The columns of an indicator's axes, in their order.

    Args:
        axes: Names and values; the two of `rising` are neighbours.
        rising: Two axes of which the first is below the second in every variant.
    """
    columns: list[Column] = []
    for name, values in axes:
        if rising is not None and name == rising[1]:
            columns[-1] = _pairs(columns[-1], name, values)
        else:
            places = np.arange(len(values), dtype=np.int32)[:, None]
            columns.append(Column(names=(name,), values=(values,), places=places))
    return tuple(columns)


def count_variants(axes: Mapping[str, Axis], rising: Rising | None) -> int:
    """How many compute variants axes stand for; materialises none but the two of `rising`."""
    alone = [axis_len(axis) for name, axis in axes.items() if name not in (rising or ())]
    if rising is None:
        return math.prod(alone)
    lower, upper = (np.array(axis_values(axes[name]), np.float64) for name in rising)
    above = len(upper) - np.searchsorted(np.sort(upper), lower, side="right")
    return math.prod(alone) * int(above.sum())


def _pairs(lower: Column, name: str, values: tuple[Scalar, ...]) -> Column:
    below, above = (np.array(side, np.float64) for side in (lower.values[0], values))
    places = np.argwhere(below[:, None] < above).astype(np.int32)
    return Column(names=(*lower.names, name), values=(*lower.values, values), places=places)
