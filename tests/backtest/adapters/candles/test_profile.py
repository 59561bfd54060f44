"""Profiles of ClickHouse users that would leave out candles give all of them or an error."""

from collections.abc import Generator

import numpy as np
import pytest

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.profile import PINNED
from backtest.adapters.candles.table import insert_minutes
from backtest.control import Control
from backtest.errors import CandlesUnavailable
from backtest.ports import Buckets
from backtest.types import MINUTE_MS, Instrument, Timeframe
from tests.backtest.adapters.clickhouse_server import FakeServer
from tests.backtest.adapters.minutes import MIDNIGHT_MS, a_new_instrument, minutes

N_MINUTES = 20_000
BLOCKS = {"max_block_size": "1000", "max_threads": "1"}
LYING_PROFILES = {
    "reads fewer rows": {"max_rows_to_read": "5000", "read_overflow_mode": "break"},
    "forgets groups": {"max_rows_to_group_by": "10", "group_by_overflow_mode": "any"},
    "sorts fewer rows": {"max_rows_to_sort": "5000", "sort_overflow_mode": "break"},
    "cuts the result": {"limit": "1", "offset": "1"},
    "filters the result": {"additional_result_filter": "0"},
    "filters the table": {
        "additional_table_filters": "{'market_data.canonical_candles_1m': 'close > 100'}"
    },
}


@pytest.fixture(scope="module")
def instrument(served: ClickHousePool) -> Instrument:
    instrument = a_new_instrument()
    prices = " ".join(str(1 + i % 200) for i in range(N_MINUTES))
    insert_minutes(served, instrument, minutes(prices), source="test", ingested_at=1)
    return instrument


@pytest.fixture
def feed(server: FakeServer) -> Generator[ClickHouseCandles]:
    pool = ClickHousePool(server.target)
    yield ClickHouseCandles(pool)
    pool.close()


def load(feed: ClickHouseCandles, instrument: Instrument) -> Buckets:
    return feed.load(
        instrument,
        Timeframe.M5,
        start_ms=MIDNIGHT_MS,
        stop_ms=MIDNIGHT_MS + N_MINUTES * MINUTE_MS,
        control=Control(),
    )


@pytest.mark.parametrize("lie", LYING_PROFILES)
def test_a_profile_that_leaves_out_rows_gives_all_of_them_or_an_error(
    server: FakeServer, feed: ClickHouseCandles, instrument: Instrument, lie: str
) -> None:
    honest = load(feed, instrument)
    server.profile = LYING_PROFILES[lie] | BLOCKS

    try:
        found = load(feed, instrument)
    except CandlesUnavailable:
        return

    assert np.array_equal(found.ts_open, honest.ts_open)
    assert np.array_equal(found.volume, honest.volume)


@pytest.mark.parametrize("lie", ["reads fewer rows", "forgets groups", "sorts fewer rows"])
def test_a_profile_that_cannot_be_changed_is_named(
    server: FakeServer, feed: ClickHouseCandles, instrument: Instrument, lie: str
) -> None:
    server.profile = LYING_PROFILES[lie] | BLOCKS
    server.forced = frozenset(server.profile)
    name = next(name for name in server.profile if name in PINNED)

    with pytest.raises(CandlesUnavailable) as caught:
        load(feed, instrument)

    assert any(
        f"forces {name} = '{server.profile[name]}'" in note for note in caught.value.__notes__
    )


@pytest.mark.parametrize("lie", LYING_PROFILES)
def test_a_lying_profile_that_cannot_be_changed_is_refused(
    server: FakeServer, feed: ClickHouseCandles, instrument: Instrument, lie: str
) -> None:
    server.profile = LYING_PROFILES[lie] | BLOCKS
    server.forced = frozenset(server.profile)

    with pytest.raises(CandlesUnavailable):
        load(feed, instrument)


def test_a_profile_that_forces_the_right_values_is_served(
    server: FakeServer, feed: ClickHouseCandles, instrument: Instrument
) -> None:
    server.forced = frozenset(PINNED)

    assert len(load(feed, instrument).ts_open) == N_MINUTES // 5


def test_groups_that_were_lost_are_missed_even_unpinned(
    server: FakeServer,
    feed: ClickHouseCandles,
    instrument: Instrument,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.profile = LYING_PROFILES["forgets groups"] | BLOCKS
    for name in tuple(PINNED):
        monkeypatch.delitem(PINNED, name)

    with pytest.raises(CandlesUnavailable, match="not complete"):
        load(feed, instrument)
