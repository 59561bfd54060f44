"""Small kernels against loops that say what they mean."""

import numpy as np
import pytest

from backtest.engine.bits.bitops import count_runs, trailing_zeros, words_for
from backtest.engine.bits.combine import BitRows, combine_slow
from backtest.engine.bits.segments import empty_segments, find_segments
from backtest.engine.money.account import LONG, SHORT, account_terms
from backtest.engine.money.passage import passage_table
from backtest.engine.money.target import ALLOWED, FORBIDDEN
from backtest.jit import kernel
from backtest.types import SizingMode, WordArray
from tests.oracle.cases import PERCENTS, random_closes, random_setup, random_signal
from tests.oracle.scoring import bit_rows

LENGTHS = (1, 2, 62, 63, 64, 65, 127, 128, 129, 200)


@kernel("void(uint64[::1], int64[::1])")
def count_zeros(words: np.ndarray, out: np.ndarray) -> None:
    for i in range(words.shape[0]):
        out[i] = trailing_zeros(words[i])


def test_trailing_zeros_of_every_bit_and_of_nothing() -> None:
    words = np.array([1 << bit for bit in range(64)] + [0, 12], np.uint64)
    out = np.empty(66, np.int64)
    count_zeros(words, out)

    assert out.tolist() == [*range(64), 64, 2]


@pytest.mark.parametrize("n_bars", LENGTHS)
def test_segments_are_the_runs_of_a_signal(n_bars: int) -> None:
    random = np.random.default_rng((6, n_bars))
    for _ in range(40):
        signal = random_signal(random, n_bars)
        rows = bit_rows(signal)
        segments = empty_segments(n_bars)
        n = find_segments(rows, rows, n_bars, segments)

        found = list(zip(*(places[:n].tolist() for places in segments), strict=True))
        assert found == runs_of(signal.tolist())


def runs_of(signal: list[int]) -> list[tuple[int, int, int]]:
    runs: list[tuple[int, int, int]] = []
    previous = 0
    for bar, now in enumerate([*signal, 0]):
        if previous not in {now, 0}:
            entry, _, side = runs.pop()
            runs.append((entry, bar, side))
        if now not in {previous, 0}:
            runs.append((bar, len(signal), LONG if now == 1 else SHORT))
        previous = now
    return runs


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("is_stop", [True, False])
def test_first_passages_are_found_by_looking_at_every_bar(seed: int, is_stop: bool) -> None:
    random = np.random.default_rng((7, seed))
    n_bars = int(random.choice(LENGTHS))
    close = random_closes(random, n_bars)
    terms = account_terms(random_setup(random).execution, SizingMode.ALL_IN)
    percents = np.array(PERCENTS)

    table = passage_table(close, terms, percents, is_stop=is_stop)

    slip = terms.slip_rate
    for side, rows in ((LONG, table[0]), (SHORT, table[1])):
        for i in range(n_bars):
            fill = close[i] * (1 + slip) if side == LONG else close[i] * (1 - slip)
            for level, percent in enumerate(PERCENTS):
                falls = (side == LONG) == is_stop
                price = fill * (1 - percent / 100) if falls else fill * (1 + percent / 100)
                later = range(i + 1, n_bars)
                hits = [j for j in later if (close[j] <= price if falls else close[j] >= price)]
                assert rows[i, level] == (hits[0] if hits else n_bars)


def test_a_disabled_level_is_never_reached() -> None:
    close = np.array([3.0, 2.0, 1.0])
    terms = account_terms(random_setup(np.random.default_rng(1)).execution, SizingMode.ALL_IN)

    assert (passage_table(close, terms, None, is_stop=True) == 3).all()


def bit_rows_over(slow: WordArray, longs: np.uint64, shorts: np.uint64) -> BitRows:
    return BitRows(slow, slow[:0], np.array([longs, shorts]))


def test_combining_nothing_leaves_the_allowed_sides() -> None:
    out = np.empty((2, 3), np.uint64)
    rows = np.zeros((1, 2, 3), np.uint64)
    combine_slow(bit_rows_over(rows, ALLOWED, FORBIDDEN), np.empty(0, np.int64), out)

    assert (out[0] == ALLOWED).all()
    assert (out[1] == 0).all()


def test_combining_is_and() -> None:
    random = np.random.default_rng(2)
    rows = random.integers(0, 2**63, (4, 2, 5), dtype=np.uint64)
    out = np.empty((2, 5), np.uint64)
    combine_slow(bit_rows_over(rows, ALLOWED, ALLOWED), np.array([0, 2, 3]), out)

    assert (out == rows[0] & rows[2] & rows[3]).all()


@pytest.mark.parametrize(("n_bars", "n_words"), [(1, 1), (63, 1), (64, 1), (65, 2), (128, 2)])
def test_words_for_bars(n_bars: int, n_words: int) -> None:
    assert words_for(n_bars) == n_words


def test_a_signal_that_sets_in_is_counted_once_on_each_side() -> None:
    random = np.random.default_rng(8)
    n_bars = 130
    rows = np.array([bit_rows(random_signal(random, n_bars)) for _ in range(40)])
    segments = empty_segments(n_bars)

    expected = [find_segments(row, row, n_bars, segments) for row in rows]

    assert count_runs(rows).tolist() == expected
