"""What is there and what is missing, over the embedded engine and over HTTP."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.coverage import Coverage, MissingSpan, coverage
from backtest.adapters.candles.table import Minutes, insert_minutes
from backtest.types import MINUTE_MS
from tests.backtest.adapters.minutes import MIDNIGHT_MS, a_new_instrument, minutes


@pytest.fixture(params=["embedded", "server"])
def store(request: pytest.FixtureRequest, pool: ClickHousePool) -> ClickHousePool:
    return pool if request.param == "embedded" else request.getfixturevalue("served")


def covered(pool: ClickHousePool, *batches: Minutes) -> Coverage:
    instrument = a_new_instrument()
    for stamp, batch in enumerate(batches):
        insert_minutes(pool, instrument, batch, source="test", ingested_at=stamp)
    return coverage(pool, instrument)


def runs(*pairs: tuple[int, int]) -> Coverage:
    """By the minutes of the first and last candle of each run."""
    firsts, lasts = (
        MINUTE_MS * np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True)
    )
    return Coverage(step_ms=MINUTE_MS, firsts=firsts, lasts=lasts)


def test_gaps_are_counted_and_the_longest_has_its_place(store: ClickHousePool) -> None:
    found = covered(store, minutes("1 1 - 1 - - - 1 1 - - - 1"))

    assert (found.n_candles, found.n_expected, found.n_gaps) == (6, 13, 3)
    assert found.longest_gap == MissingSpan(
        first_ms=MIDNIGHT_MS + 4 * MINUTE_MS, last_ms=MIDNIGHT_MS + 6 * MINUTE_MS, n_missing=3
    )


def test_a_replaced_candle_is_one_candle(store: ClickHousePool) -> None:
    found = covered(store, minutes("1 2 3"), minutes("9 8"))

    assert (found.n_candles, found.n_gaps, found.longest_gap) == (3, 0, None)


def test_candles_from_before_1970_are_in_order(store: ClickHousePool) -> None:
    found = covered(store, minutes("1 1 - 1", first_ms=-2 * MINUTE_MS))

    assert found.firsts.tolist() == [-2 * MINUTE_MS, MINUTE_MS]
    assert found.lasts.tolist() == [-MINUTE_MS, MINUTE_MS]


def test_of_what_is_not_stored_there_is_nothing(store: ClickHousePool) -> None:
    found = coverage(store, a_new_instrument())

    assert (found.n_candles, found.n_expected, found.n_gaps, found.longest_gap) == (0, 0, 0, None)
    assert found.n_between(np.array([0]), np.array([MIDNIGHT_MS])).tolist() == [0]
    assert found.shares(5).tolist() == []


def test_only_full_parts_are_full() -> None:
    found = runs((0, 9), (11, 19))

    assert found.shares(4).tolist() == [1.0, 1.0, 0.8, 1.0]
    assert found.shares(2).tolist() == [1.0, 0.9]


def test_a_short_range_has_a_part_for_each_candle() -> None:
    assert runs((0, 0), (2, 2)).shares(40).tolist() == [1.0, 0.0, 1.0]


@settings(max_examples=200, deadline=None)
@given(
    st.sets(st.integers(0, 200), min_size=1),
    st.integers(1, 30),
    st.tuples(st.integers(-5, 205), st.integers(-5, 205)),
)
def test_counts_equal_those_of_a_plain_loop(
    places: set[int], n_parts: int, edges: tuple[int, int]
) -> None:
    firsts = sorted(place for place in places if place - 1 not in places)
    lasts = sorted(place for place in places if place + 1 not in places)
    found = runs(*zip(firsts, lasts, strict=True))
    low, high = sorted(edges)

    between = found.n_between(np.array([low * MINUTE_MS]), np.array([high * MINUTE_MS]))

    assert found.n_candles == len(places)
    assert between.tolist() == [sum(low <= place < high for place in places)]
    assert [found.moment(n) // MINUTE_MS for n in range(len(places))] == sorted(places)
    n_parts = min(n_parts, found.n_expected)
    cuts = [min(places) + i * found.n_expected // n_parts for i in range(n_parts + 1)]
    assert found.shares(n_parts).tolist() == [
        sum(low <= place < high for place in places) / (high - low) for low, high in pairwise(cuts)
    ]
