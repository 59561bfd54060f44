"""The walk over a combined signal from edge to edge.

A variant trades only where its signal changes, so nothing else is looked at: an exclusive or of
each word with itself, one bar later, marks the edges, and counting trailing zeros finds them.

See: docs/scoring.md
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from backtest.engine.bits.bitops import ONE, TOP, WORD_BITS, ZERO, trailing_zeros
from backtest.jit import inline
from backtest.types import WordArray

Word = np.uint64
State = TypeVar("State")
Seen = TypeVar("Seen")
Step = Callable[[State, int, Word, Seen], State]
Walk = Callable[[WordArray, WordArray, State, Seen], State]


@inline
def edges_of(long_word: Word, short_word: Word, carry_long: Word, carry_short: Word) -> Word:
    """The bits of a word at which the signal differs from the bar before.

    A carry is the last bit of the word before, in the lowest place; zero at the first word.

    See: docs/scoring.md
    """
    return (long_word ^ ((long_word << ONE) | carry_long)) | (
        short_word ^ ((short_word << ONE) | carry_short)
    )


@inline
def side_at(long_word: Word, short_word: Word, bit: int) -> Word:
    """The signal at a bit of a word as a number: 0 for flat, `LONG` or `SHORT`.

    It stays a uint64: as an index that may be negative it costs three instructions more per edge,
    and Stage A a tenth of its time.

    See: docs/scoring.md
    """
    shift = np.uint64(bit)
    return ((long_word >> shift) & ONE) | (((short_word >> shift) & ONE) << ONE)


def walk_with(step: Step[State, Seen]) -> Walk[State, Seen]:
    """A walk that hands the edges of `outer AND row` to a step, the first bar first.

    The step is bound here instead of being handed to the walk, because Numba cannot keep the
    machine code of a kernel that passes functions around.

    Args:
        step: `step(state, bar, side, seen)`, an inlined function that returns the next state.
            `side` is the signal from `bar` on. A signal that lasts to the last bar ends with an
            edge at `n_bars`, unless that is the first bit of a new word.

    Returns:
        `walk(outer, row, state, seen)`, inlined like its step: the last state. `outer` and `row`
        are shape (2, n_words), long before short, bit `i % 64` of word `i // 64` is bar `i`; no
        bar of the two together is both. `seen` is handed to every step as it is.

    See: docs/scoring.md
    """

    @inline
    def walk(outer: WordArray, row: WordArray, state: State, seen: Seen) -> State:
        carry_long = carry_short = ZERO
        for w in range(outer.shape[1]):
            long_word = outer[0, w] & row[0, w]
            short_word = outer[1, w] & row[1, w]
            edges = edges_of(long_word, short_word, carry_long, carry_short)
            carry_long = long_word >> TOP
            carry_short = short_word >> TOP
            while edges != ZERO:
                bit = trailing_zeros(edges)
                edges &= edges - ONE
                side = side_at(long_word, short_word, bit)
                state = step(state, w * WORD_BITS + bit, side, seen)
        return state

    return walk


def cut_walk_with(
    step: Step[State, Seen], keep: Callable[[State, int, Seen], None]
) -> Callable[[WordArray, WordArray, WordArray, State, Seen], State]:
    """The walk of `walk_with` along rows whose words begin at bars of any distance.

    Args:
        step: As in `walk_with`, but there is no edge at `n_bars`.
        keep: `keep(state, word, seen)`, an inlined function, called before each word.

    Returns:
        `walk(outer, row, firsts, state, seen)`, `firsts` being the first bar of each word.

    See: docs/ledger.md (backtest/engine/blocks/marks.py)
    """

    @inline
    def walk(
        outer: WordArray, row: WordArray, firsts: WordArray, state: State, seen: Seen
    ) -> State:
        carry_long = carry_short = ZERO
        for w in range(outer.shape[1]):
            long_word = outer[0, w] & row[0, w]
            short_word = outer[1, w] & row[1, w]
            edges = edges_of(long_word, short_word, carry_long, carry_short)
            carry_long = long_word >> TOP
            carry_short = short_word >> TOP
            keep(state, w, seen)
            first = firsts[w]
            while edges != ZERO:
                bit = trailing_zeros(edges)
                edges &= edges - ONE
                side = side_at(long_word, short_word, bit)
                state = step(state, first + np.uint64(bit), side, seen)
        return state

    return walk
