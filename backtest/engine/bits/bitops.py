"""Words of 64 bars, and the bit operations that Numba has no name for.

See: docs/scoring.md
"""

from typing import Any

import numpy as np
from llvmlite import ir  # pyright: ignore[reportMissingTypeStubs]
from numba import types  # pyright: ignore[reportUnknownVariableType, reportAttributeAccessIssue]
from numba.extending import intrinsic  # pyright: ignore[reportUnknownVariableType]

from backtest.jit import config
from backtest.types import IntArray, WordArray

WORD_BITS = 64
ZERO = np.uint64(0)
ONE = np.uint64(1)
TOP = np.uint64(63)


def words_for(n_bars: int) -> int:
    """How many 64-bit words hold one bit per bar.

    See: docs/signals.md
    """
    return (n_bars + WORD_BITS - 1) // WORD_BITS


def count_runs(rows: WordArray) -> IntArray:
    """How often the signals of bit rows set in, each side counted by itself.

    A variant never trades more often than that, so memory is claimed for as many trades.

    Args:
        rows: Shape (n, 2, n_words), long before short.

    Returns:
        Shape (n,) int64.

    See: docs/memory.md (backtest/report/variants.py)
    """
    return np.array([_count_runs(pair) for pair in rows], np.int64)


def _count_runs(pair: WordArray) -> int:
    earlier = pair << ONE
    earlier[:, 1:] |= pair[:, :-1] >> TOP
    return int(np.bitwise_count(pair & ~earlier).sum())


def _trailing_zeros_of(_context: Any, _word: Any) -> Any:  # pragma: no cover - runs in the compiler
    signature: Any = types.int64(types.uint64)  # pyright: ignore[reportUnknownMemberType]

    def generate(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return signature, generate


def _log2_floor_of(_context: Any, _number: Any) -> Any:  # pragma: no cover - runs in the compiler
    signature: Any = types.int64(types.int64)  # pyright: ignore[reportUnknownMemberType]

    def generate(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        leading = builder.ctlz(args[0], ir.Constant(ir.IntType(1), 0))
        return builder.sub(ir.Constant(ir.IntType(64), 63), leading)

    return signature, generate


def _count_ones_of(_context: Any, _word: Any) -> Any:  # pragma: no cover - runs in the compiler
    signature: Any = types.int64(types.uint64)  # pyright: ignore[reportUnknownMemberType]

    def generate(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return signature, generate


def _interpreted_trailing_zeros(word: int) -> int:
    value = int(word)
    return (value & -value).bit_length() - 1 if value else WORD_BITS


def _interpreted_count_ones(word: int) -> int:
    return int(word).bit_count()


def _interpreted_log2_floor(number: int) -> int:
    return int(number).bit_length() - 1


# Index of the lowest set bit of a uint64 word; 64 for the zero word.
trailing_zeros: Any = (
    _interpreted_trailing_zeros if config.DISABLE_JIT else intrinsic(_trailing_zeros_of)
)

# Exponent of the largest power of two that is not above a positive int64.
log2_floor: Any = _interpreted_log2_floor if config.DISABLE_JIT else intrinsic(_log2_floor_of)

# How many bits of a uint64 word are set.
count_ones: Any = _interpreted_count_ones if config.DISABLE_JIT else intrinsic(_count_ones_of)
