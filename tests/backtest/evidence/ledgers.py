"""Small ledgers of made-up growth."""

import numpy as np
from numpy.typing import NDArray

from backtest.engine.blocks.ledger import N_BLOCKS, Ledger, block_ends

Growth = NDArray[np.int32]


def noise(n_trials: int, seed: int = 1, common: float = 0.5) -> Growth:
    """Growth without skill; `common` of it is shared by all."""
    random = np.random.default_rng(seed)
    own = random.normal(0, 50_000, (n_trials, N_BLOCKS))
    shared = random.normal(0, 50_000, N_BLOCKS)
    return np.rint(own + common * shared).astype(np.int32)


def ledger_of(
    growth: Growth,
    *,
    winners: tuple[int, ...] = (0,),
    ruined: tuple[int, ...] = (),
    holding: Growth | None = None,
    adds_up: bool = False,
) -> Ledger:
    flags = np.zeros(len(growth), np.bool_)
    flags[list(ruined)] = True
    return Ledger(
        growth=np.ascontiguousarray(growth, np.int32),
        ruined=flags,
        holding=noise(1, seed=99)[0] if holding is None else holding,
        winners=np.array(winners, np.int64),
        adds_up=adds_up,
        block_ends=block_ends(6_400),
    )
