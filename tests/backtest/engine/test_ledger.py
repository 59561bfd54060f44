"""The ledger: blocks of the target slice, and growth of every trial in each of them."""

import numpy as np
import pytest

from backtest.engine.ledger import N_BLOCKS, block_ends


@pytest.mark.parametrize("n_bars", [64, 65, 100, 127, 128, 35_040])
def test_blocks_cover_the_slice_and_differ_by_one_bar_at_most(n_bars: int) -> None:
    ends = block_ends(n_bars)

    lengths = np.diff(ends, prepend=-1)
    assert len(ends) == N_BLOCKS
    assert ends[-1] == n_bars - 1
    assert lengths.min() >= 1
    assert lengths.max() - lengths.min() <= 1


def test_fewer_bars_than_blocks_cannot_be_cut() -> None:
    with pytest.raises(ValueError, match="63 bars cannot be cut into 64 blocks"):
        block_ends(63)
