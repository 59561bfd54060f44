"""The ledger: how the equity of every variant that was tried grew, block by block, in integers.

Sums of integers are the same in any order, so whatever is made of them is the same on one thread,
on eight and on another machine. See: docs/ledger.md
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.types import IntArray

GrowthArray = NDArray[np.int32]
FlagArray = NDArray[np.bool_]

N_BLOCKS = 64
# One unit of growth is a millionth.
UNITS = 1e6
# Growth since the start stays within this, 536.9 as a logarithm; so growth of one block stays
# within twice as much, which is also what a ruined variant is given.
MOST = 1 << 29
RUINED = -2 * MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What the base variants of some outer combos grew by: a part of Stage A's growth.

    `outer` are the outer combos, from the first to beyond the last; `growth`, shape
    (n_outer, n_fast, 64), and `ruined`, shape (n_outer, n_fast), are as in `Ledger`.

    See: docs/scale.md#one-large-run
    """

    outer: tuple[int, int]
    growth: GrowthArray
    ruined: FlagArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Growth of equity per block of every trial, and of holding the instrument.

    A trial is a variant that was scored: every base variant that Stage B did not take up, in the
    grid's numbering, then every cell of Stage B, `shortlist_rank * n_risk + cell`. A grid without
    a risk plane has its base variants in the grid's numbering and nothing else.

    Attributes:
        growth: Shape (n_trials, 64), C order, millionths: `ln(E_k / E_(k-1))`, or
            `(E_k - E_(k-1)) / init_cash` where growth `adds_up`. The sum of a row rises strictly
            with the total return.
        ruined: Shape (n_trials,): equity was not positive at the end of some block. From that
            block on growth is `RUINED`, so the sum is below that of every other row.
        holding: Shape (64,), the same of the instrument, bought at the first close with what an
            entry takes, without costs.
        winners: Shape (n_winners,), rows of the returned variants, best first.
        adds_up: Whether growth is a share of the initial cash instead of a logarithm.
        block_ends: Shape (64,), last bar of each block in the target slice.

    See: docs/ledger.md
    """

    growth: GrowthArray
    ruined: FlagArray
    holding: GrowthArray
    winners: IntArray
    adds_up: bool
    block_ends: IntArray

    @property
    def n_trials(self) -> int:
        """How many variants were tried."""
        return len(self.growth)

    @property
    def n_bars(self) -> int:
        """Bars of the target slice."""
        return int(self.block_ends[-1]) + 1

    @property
    def bars_per_block(self) -> float:
        """Mean length of a block."""
        return self.n_bars / N_BLOCKS


def block_ends(n_bars: int) -> IntArray:
    """Last bar of each block, shape (64,); blocks differ by one bar at most.

    Raises:
        ValueError: There are fewer bars than blocks.

    See: docs/ledger.md
    """
    if n_bars < N_BLOCKS:
        raise ValueError(f"{n_bars} bars cannot be cut into {N_BLOCKS} blocks")
    return np.arange(1, N_BLOCKS + 1, dtype=np.int64) * n_bars // N_BLOCKS - 1
