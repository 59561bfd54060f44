"""Which candles of a range there were, and which bars are made up."""

import numpy as np
import pytest

from backtest.found import candles_found
from backtest.result import CandlesFound, Gap
from backtest.timeline import count_bars, fill_bars, load_range
from backtest.types import MINUTE_MS, Timeframe, TimeRange
from tests.memory_feed import roll_up

M5 = Timeframe.M5


def found(
    closes: str, first: int, last: int, *, warmup: int = 1, timeframe: Timeframe = M5
) -> CandlesFound:
    """What a run over minutes `[first, last)` finds; one word a minute, `-` for none."""
    is_there = np.array([word != "-" for word in closes.split()])
    close = np.ones(int(is_there.sum()))
    ts_open = np.flatnonzero(is_there) * MINUTE_MS
    minutes = dict.fromkeys(("open", "high", "low", "close", "volume"), close)
    asked = TimeRange(start_ms=first * MINUTE_MS, end_ms=last * MINUTE_MS)
    start_ms, stop_ms = load_range(asked, timeframe, warmup)
    loaded = roll_up({"ts_open": ts_open, **minutes}, timeframe, start_ms=start_ms, stop_ms=stop_ms)
    bars = fill_bars(loaded, timeframe, asked, start_ms=start_ms, stop_ms=stop_ms)
    complete = count_bars(asked, timeframe, start_ms=start_ms, stop_ms=stop_ms)
    return candles_found(loaded, bars, asked, complete=complete)


def gap(first: int, last: int) -> Gap:
    return Gap(start_ms=first * MINUTE_MS, end_ms=last * MINUTE_MS, n_candles=last - first)


def test_a_complete_range_misses_nothing() -> None:
    told = found("1 " * 30, 10, 25)

    assert (told.first_ms, told.last_ms) == (10 * MINUTE_MS, 24 * MINUTE_MS)
    assert (told.n_expected, told.n_present, told.n_missing) == (15, 15, 0)
    assert told.longest_gap is None
    assert (told.n_bars_filled, told.n_bars_absent, told.n_warmup_absent) == (0, 0, 0)


def test_only_candles_that_open_inside_the_range_are_counted() -> None:
    told = found("1 1 1 1 - 1 1 - - 1 1 1 1 1 1 1 1 1 1 1", 6, 12, timeframe=Timeframe.M1)

    assert (told.n_expected, told.n_present) == (6, 4)
    assert told.longest_gap == gap(7, 9)


def test_a_bar_without_a_candle_is_made_up_and_one_with_few_is_not() -> None:
    told = found("1 1 1 1 1 - - - - 1 - - - - - 1 1 1 1 1 1", 5, 21)

    assert told.n_bars_filled == 1
    assert told.n_missing == 9
    assert told.longest_gap == gap(10, 15)


def test_a_range_beyond_the_candles_ends_in_bars_that_are_made_up() -> None:
    told = found("1 " * 12, 5, 31)

    assert told.last_ms == 11 * MINUTE_MS
    assert told.longest_gap == gap(12, 31)
    assert (told.n_after, told.n_bars_after, told.n_bars_filled) == (19, 3, 3)


@pytest.mark.parametrize(
    ("closes", "last", "n_tail"),
    [
        ("1 " * 20, 21, 0),
        ("1 " * 20, 23, 0),
        ("1 " * 17, 21, 3),
        ("1 " * 17 + "- - - 1 1 1", 23, 0),
        ("1 " * 18 + "- 1", 21, 0),
    ],
    ids=[
        "complete",
        "the range ends within a bar",
        "the last bar is short",
        "candles go on behind it",
        "a hole before the last candle",
    ],
)
def test_candles_that_the_last_bar_lacks_at_its_end(closes: str, last: int, n_tail: int) -> None:
    assert found(closes, 5, last).n_tail == n_tail


def test_bars_before_the_first_candle_do_not_exist() -> None:
    told = found("- - - - - - - - - - - - 1 1 1 1 1 1 1 1 1 1 1 1 1 1", 2, 26, warmup=3)

    assert told.first_ms == 12 * MINUTE_MS
    assert (told.n_before, told.n_bars_absent, told.n_bars_filled) == (10, 2, 0)
    assert told.longest_gap == gap(2, 12)


def test_the_earliest_of_equal_gaps_is_told() -> None:
    told = found("1 1 1 - - 1 - - 1 1 1 1", 0, 12, timeframe=Timeframe.M1)

    assert told.longest_gap == gap(3, 5)


def test_a_range_between_two_minutes_has_room_for_those_that_open_inside() -> None:
    minutes = "1 " * 30
    told = found(minutes, 10, 20)
    asked = TimeRange(start_ms=10 * MINUTE_MS - 1, end_ms=20 * MINUTE_MS + 1)
    start_ms, stop_ms = load_range(asked, M5, 1)
    ones = np.ones(30)
    loaded = roll_up(
        {
            "ts_open": np.arange(30) * MINUTE_MS,
            **dict.fromkeys(("open", "high", "low", "close", "volume"), ones),
        },
        M5,
        start_ms=start_ms,
        stop_ms=stop_ms,
    )
    bars = fill_bars(loaded, M5, asked, start_ms=start_ms, stop_ms=stop_ms)

    shifted = candles_found(loaded, bars, asked, complete=(5, 3))

    assert (told.n_expected, shifted.n_expected) == (10, 11)
    assert shifted.n_missing == 0
