"""Rows of a file that have the same minute: equal ones are one row, others contradict."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.adapters.ingest.spool import Spool
from backtest.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Shape (n_rows,) each: equal to an earlier row to the bit, or of a minute with other values.

    `conflicts` pairs each row that contradicts with another row of its minute.
    """

    is_repeated: NDArray[np.bool_]
    is_conflicting: NDArray[np.bool_]
    conflicts: list[tuple[int, int]]


def repeats(spool: Spool, opens: IntArray) -> Repeats:
    """Compare the rows that share a minute; `opens` are the times of the spool's rows."""
    is_repeated, is_conflicting = np.zeros((2, len(opens)), dtype=np.bool_)
    if np.all(np.diff(opens) > 0):
        return Repeats(is_repeated=is_repeated, is_conflicting=is_conflicting, conflicts=[])
    order = np.argsort(opens, kind="stable")
    is_same = np.diff(opens[order]) == 0
    # Each row of a shared minute beside the first row of that minute.
    starts = np.maximum.accumulate(
        np.where(np.concatenate(([True], ~is_same)), np.arange(len(order)), 0)
    )
    rows, firsts = order[1:][is_same], order[starts[1:][is_same]]
    is_equal = _are_equal(spool, rows, firsts)
    is_repeated[rows[is_equal]] = True
    clashing = ~is_equal
    is_conflicting[rows[clashing]] = True
    is_conflicting[firsts[clashing]] = True
    # What equals a row that is contradicted falls with it.
    is_repeated[rows[np.isin(firsts, firsts[clashing]) & is_equal]] = False
    is_conflicting[rows[np.isin(firsts, firsts[clashing])]] = True
    pairs = zip(rows[clashing].tolist(), firsts[clashing].tolist(), strict=True)
    return Repeats(is_repeated=is_repeated, is_conflicting=is_conflicting, conflicts=list(pairs))


def _are_equal(spool: Spool, rows: IntArray, firsts: IntArray) -> NDArray[np.bool_]:
    wanted, places = np.unique(np.concatenate([rows, firsts]), return_inverse=True)
    values: list[FloatArray] = []
    n_before = 0
    for minutes in spool:
        inside = wanted[(wanted >= n_before) & (wanted < n_before + len(minutes))] - n_before
        values.append(np.stack([column[inside] for column in minutes.columns.values()], axis=1))
        n_before += len(minutes)
    bits = np.concatenate(values).view(np.uint64)[places]
    return np.all(bits[: len(rows)] == bits[len(rows) :], axis=1)
