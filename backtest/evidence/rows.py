"""Every trial by itself: its sums, what decides ties, and the sum of all standardised rows.

A trial's numbers are made of its own row in one fixed order, and what is summed over trials are
integers; so neither threads nor chunks nor the order of the rows can change anything.

See: docs/evidence.md#exactness
"""

import threading
from dataclasses import dataclass
from functools import partial

import numpy as np

from backtest.control import Control
from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, GrowthArray, Ledger
from backtest.engine.workers.chunks import Workers, spans
from backtest.jit import kernel
from backtest.types import FloatArray, IntArray

ROWS_PER_CHUNK = 2048
# Standardised growth is counted in these: fine enough to change no digit, and 600 000 of them fit.
Z_UNITS = float(1 << 30)

# A linear congruence over a row (Fishman and Moore 1986): equal rows draw equal lots, and which of
# two different rows draws the greater one has nothing to do with how they grew.
LOT_PRIME = (1 << 31) - 1
LOT_FACTOR = 630_360_016


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Numbers of every trial, each of shape (n_trials,), and one sum over them.

    Attributes:
        totals: Growth over all blocks, float64, exact.
        spreads: Sum of squared deviations from the mean; 0 for a flat row.
        excess_spreads: The same of growth above holding.
        lots: int64: which of several equal rows wins; the greater one does.
        ruined: Whether the trial was ruined.
        z_sums: Shape (64,), int64: per block the sum over trials of growth less its mean, divided
            by the root of the spread, in units of 2**-30; over trials that are neither ruined nor
            flat.

    See: docs/evidence.md#exactness
    """

    totals: FloatArray
    spreads: FloatArray
    excess_spreads: FloatArray
    lots: IntArray
    ruined: FlagArray
    z_sums: IntArray

    @property
    def is_comparable(self) -> FlagArray:
        """Shape (n_trials,): neither ruined nor flat."""
        return ~self.ruined & (self.spreads > 0)


def describe_rows(ledger: Ledger, workers: Workers, control: Control) -> Rows:
    """One pass over the ledger.

    See: docs/evidence.md#exactness
    """
    n_trials = ledger.n_trials
    numbers = np.empty((3, n_trials), np.float64)
    lots = np.empty(n_trials, np.int64)
    z_sums = np.zeros(N_BLOCKS, np.int64)
    holding = ledger.holding.astype(np.float64)
    adding = threading.Lock()

    def describe(start: int, stop: int) -> None:
        part = np.empty((3, stop - start), np.float64)
        z_part = np.zeros(N_BLOCKS, np.int64)
        growth = ledger.growth[start:stop]
        describe_part(growth, holding, part, lots[start:stop])
        numbers[:, start:stop] = part
        add_standardised(growth, ledger.ruined[start:stop], part[0], part[1], z_part)
        with adding:
            np.add(z_sums, z_part, out=z_sums)

    chunks = [partial(describe, *span) for span in spans(n_trials, ROWS_PER_CHUNK)]
    workers.run("evidence_rows", chunks, control)
    totals, spreads, excess_spreads = numbers
    return Rows(
        totals=totals,
        spreads=spreads,
        excess_spreads=excess_spreads,
        lots=lots,
        ruined=ledger.ruined,
        z_sums=z_sums,
    )


@kernel("void(int32[:, ::1], float64[::1], float64[:, ::1], int64[::1])")
def describe_part(
    growth: GrowthArray, holding: FloatArray, numbers: FloatArray, lots: IntArray
) -> None:
    """Sums and lots of some rows.

    Args:
        growth: Shape (n, 64).
        holding: Shape (64,), growth of the instrument.
        numbers: Out, shape (3, n): `totals`, `spreads` and `excess_spreads` of `Rows`.
        lots: Out, shape (n,).

    See: docs/evidence.md#exactness
    """
    for m in range(growth.shape[0]):
        total = squares = excess = excess_squares = 0.0
        lot = 0
        for k in range(N_BLOCKS):
            units = np.int64(growth[m, k])
            lot = (lot * LOT_FACTOR + units + LOT_PRIME) % LOT_PRIME
            own = np.float64(units)
            above = own - holding[k]
            total += own
            squares += own * own
            excess += above
            excess_squares += above * above
        numbers[0, m] = total
        numbers[1, m] = max(0.0, squares - total * total / N_BLOCKS)
        numbers[2, m] = max(0.0, excess_squares - excess * excess / N_BLOCKS)
        lots[m] = lot * LOT_FACTOR % LOT_PRIME


@kernel("void(int32[:, ::1], bool_[::1], float64[::1], float64[::1], int64[::1])")
def add_standardised(
    growth: GrowthArray,
    ruined: FlagArray,
    totals: FloatArray,
    spreads: FloatArray,
    z_sums: IntArray,
) -> None:
    """Add the standardised rows of those that are neither ruined nor flat.

    Args:
        growth: Shape (n, 64).
        ruined: Shape (n,).
        totals: Shape (n,).
        spreads: Shape (n,).
        z_sums: In and out, shape (64,).

    See: docs/evidence.md#exactness
    """
    for m in range(growth.shape[0]):
        if ruined[m] or spreads[m] <= 0.0:
            continue
        mean = totals[m] / N_BLOCKS
        root = np.sqrt(spreads[m])
        for k in range(N_BLOCKS):
            z_sums[k] += np.int64(np.rint((np.float64(growth[m, k]) - mean) / root * Z_UNITS))
