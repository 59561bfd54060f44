"""Exact columns of members whose metrics can be measured.

See: docs/ranking.md
"""

from collections.abc import Callable, Sequence

import numpy as np

from backtest.control import Control
from backtest.engine.money.daily import Measures
from backtest.engine.pipeline.ranking import Criteria, ranking_bound, ranking_columns
from backtest.engine.pipeline.shortlist import NOTHING_LEFT, ExactColumns
from backtest.engine.pipeline.stages import MEASURED_AT_ONCE
from backtest.engine.workers.chunks import spans
from backtest.types import FloatArray, IntArray

# Exact metrics of members, shape (n, 10), with what is measured beside the money.
Measured = Callable[[IntArray, Sequence[Measures]], FloatArray]


def columns_of(measured: Measured, criteria: Criteria) -> ExactColumns:
    """What orders members, from their metrics.

    See: docs/ranking.md
    """

    def columns(members: IntArray) -> tuple[FloatArray, ...]:
        return ranking_columns(measured(members, criteria.measures), criteria.ranking)

    return columns


def bounds_of(measured: Measured, criteria: Criteria) -> ExactColumns:
    """What the first column of members is never below, from a rough look.

    See: docs/scoring.md
    """

    def bounds(members: IntArray) -> tuple[FloatArray, ...]:
        return (ranking_bound(measured(members, criteria.rough), criteria.ranking),)

    return bounds


def columns_knowing(scores: FloatArray, measured: Measured, criteria: Criteria) -> ExactColumns:
    """The same by return, without replaying variants that are known to have lost everything.

    See: docs/scoring.md
    """
    columns = columns_of(measured, criteria)
    if criteria.ranking.secondary is not None:
        return columns

    def known(members: IntArray) -> tuple[FloatArray, ...]:
        lost_everything = np.abs(scores[members]) < NOTHING_LEFT
        losses = np.full(len(members), 100.0)
        if not lost_everything.all():
            (losses[~lost_everything],) = columns(members[~lost_everything])
        return (losses,)

    return known


def in_parts(columns: ExactColumns, control: Control | None = None) -> ExactColumns:
    """The same columns of many members, whose metrics live for some of them at a time.

    Args:
        columns: The columns.
        control: The run's handle, where progress counts over all members.

    See: docs/memory.md
    """

    def of_some(members: IntArray, start: int, stop: int) -> tuple[FloatArray, ...]:
        if control is None or stop == start:
            return columns(members[start:stop])
        with control.part(start, stop - start, len(members)):
            return columns(members[start:stop])

    def of_all(members: IntArray) -> tuple[FloatArray, ...]:
        cuts = spans(len(members), MEASURED_AT_ONCE) or [(0, 0)]
        parts = [of_some(members, start, stop) for start, stop in cuts]
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    return of_all
