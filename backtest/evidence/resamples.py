"""The resamples of the block bootstrap: drawn by SHA-256, so that they are the same for ever.

See: docs/evidence.md#reality-check
"""

import hashlib
from typing import Annotated, NamedTuple

import numpy as np

from backtest.engine.blocks.ledger import N_BLOCKS, GrowthArray
from backtest.types import FloatArray, IntArray

N_RESAMPLES = 1_000
BLOCK_LENGTH = 4
N_STARTS = N_BLOCKS // BLOCK_LENGTH


class Resamples(NamedTuple):
    """Which blocks each resample is made of, and what holding makes of it.

    `starts`, shape (n_resamples, 16), are first blocks: each stands for itself and the three after
    it, the first block coming after the last. `holding`, shape (2, n_resamples), are the sums of
    growth and of squared growth of the instrument.

    See: docs/evidence.md#reality-check
    """

    starts: Annotated[IntArray, "int64[:, ::1]"]
    holding: Annotated[FloatArray, "float64[:, ::1]"]


def draw_resamples(seed: str, holding: GrowthArray, n_resamples: int = N_RESAMPLES) -> Resamples:
    """Draw the resamples of a run.

    Resample `r` takes the first 16 bytes of the SHA-256 of `"<seed>:<r>"`; each byte modulo 64 is
    the first of four blocks.

    Args:
        seed: The run's hashes.
        holding: Shape (64,), growth of the instrument in millionths.
        n_resamples: How many.

    See: docs/evidence.md#reality-check
    """
    digests = (hashlib.sha256(f"{seed}:{r}".encode()).digest() for r in range(n_resamples))
    drawn = b"".join(digest[:N_STARTS] for digest in digests)
    starts = np.frombuffer(drawn, np.uint8).reshape(n_resamples, N_STARTS) % N_BLOCKS
    own = holding.astype(np.float64)
    sums = np.stack([_windows(own)[starts].sum(axis=1), _windows(own * own)[starts].sum(axis=1)])
    return Resamples(starts.astype(np.int64), sums)


def _windows(values: FloatArray) -> FloatArray:
    """Sums of four consecutive blocks, going round."""
    return np.sum([np.roll(values, -i) for i in range(BLOCK_LENGTH)], axis=0)
