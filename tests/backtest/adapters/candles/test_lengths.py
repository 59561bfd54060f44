"""Candles of any length, over the embedded engine and over HTTP."""

import numpy as np
import pytest

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.coverage import coverage
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.schema import LONGER_TABLE
from backtest.adapters.candles.table import (
    Minutes,
    insert_minutes,
    latest_minutes,
    stored_instruments,
)
from backtest.control import Control
from backtest.ports import Buckets, StoredRange
from backtest.types import MINUTE_MS, Instrument, Timeframe
from tests.backtest.adapters.minutes import MIDNIGHT_MS, a_new_instrument, random_minutes

HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@pytest.fixture(params=["embedded", "server"])
def pool(request: pytest.FixtureRequest, pool: ClickHousePool) -> ClickHousePool:
    return pool if request.param == "embedded" else request.getfixturevalue("served")


def hours(n: int, *, first_ms: int = MIDNIGHT_MS, seed: int = 1) -> Minutes:
    given = random_minutes(n, seed)
    ts_open = first_ms + HOUR_MS * np.arange(n, dtype=np.int64)
    return Minutes(ts_open=ts_open, columns=given.columns, length_ms=HOUR_MS)


def store(pool: ClickHousePool, *batches: Minutes) -> Instrument:
    instrument = a_new_instrument()
    for batch in batches:
        insert_minutes(pool, instrument, batch, source="test", ingested_at=1)
    return instrument


def load(
    pool: ClickHousePool,
    instrument: Instrument,
    timeframe: Timeframe,
    start_ms: int = MIDNIGHT_MS,
    stop_ms: int = MIDNIGHT_MS + 9 * DAY_MS,
) -> Buckets:
    return ClickHouseCandles(pool).load(
        instrument, timeframe, start_ms=start_ms, stop_ms=stop_ms, control=Control()
    )


def test_hours_make_bars_of_hours_and_more(pool: ClickHousePool) -> None:
    given = hours(48)
    instrument = store(pool, given)

    found = {timeframe: load(pool, instrument, timeframe) for timeframe in Timeframe}

    assert {t.value for t, buckets in found.items() if len(buckets.ts_open)} == {"1h", "4h", "1d"}
    assert all(found[Timeframe(t)].candle_ms == HOUR_MS for t in ("1h", "4h", "1d"))
    one, day = found[Timeframe.H1], found[Timeframe.D1]
    assert one.close.tolist() == given.columns["close"].tolist()
    assert one.runs.tolist() == [[MIDNIGHT_MS, MIDNIGHT_MS + 47 * HOUR_MS]]
    assert day.open.tolist() == given.columns["open"][[0, 24]].tolist()
    assert day.high.tolist() == [given.columns["high"][i : i + 24].max() for i in (0, 24)]


def test_minutes_stay_the_source_where_they_are(pool: ClickHousePool) -> None:
    minutes = random_minutes(2 * 1_440, seed=7)
    instrument = store(pool, hours(48), minutes)

    found = load(pool, instrument, Timeframe.H1)

    assert found.candle_ms == MINUTE_MS
    assert found.close.tolist() == minutes.columns["close"][59::60].tolist()


def test_a_few_minutes_do_not_hide_many_hours_and_are_not_mixed_with_them(
    pool: ClickHousePool,
) -> None:
    given = hours(9 * 24)
    instrument = store(pool, given, random_minutes(600, seed=3))

    found = load(pool, instrument, Timeframe.H4)

    assert found.candle_ms == HOUR_MS
    assert found.close.tolist() == given.columns["close"][3::4].tolist()
    assert load(pool, instrument, Timeframe.M15).candle_ms == MINUTE_MS
    late = load(pool, instrument, Timeframe.H1, stop_ms=MIDNIGHT_MS + 10 * HOUR_MS)
    assert late.candle_ms == MINUTE_MS


def test_the_candle_that_is_open_at_the_start_counts(pool: ClickHousePool) -> None:
    instrument = store(pool, hours(48))

    found = load(pool, instrument, Timeframe.H1, start_ms=MIDNIGHT_MS + 90 * MINUTE_MS)

    assert int(found.ts_open[0]) == MIDNIGHT_MS + HOUR_MS


def test_what_is_stored_is_told_by_length(pool: ClickHousePool) -> None:
    instrument = store(pool, hours(30), random_minutes(10))
    feed = ClickHouseCandles(pool)

    assert feed.stored_range(instrument, control=Control()) == StoredRange(
        first_ms=MIDNIGHT_MS,
        last_ms=MIDNIGHT_MS + 29 * HOUR_MS,
        lengths_ms=(MINUTE_MS, HOUR_MS),
    )
    listed = [s for s in stored_instruments(pool) if s.instrument == instrument]
    assert [(s.length_ms, s.n_rows) for s in listed] == [(MINUTE_MS, 10), (HOUR_MS, 30)]
    assert coverage(pool, instrument, HOUR_MS).n_candles == 30
    assert coverage(pool, instrument).n_candles == 10


def test_an_instrument_of_hours_alone_is_listed_once(pool: ClickHousePool) -> None:
    instrument = store(pool, hours(3))

    everyone = ClickHouseCandles(pool).instruments(control=Control())

    assert list(everyone).count(instrument) == 1
    stored = latest_minutes(pool, instrument, start_ms=0, stop_ms=10**13, length_ms=HOUR_MS)
    assert len(stored.ts_open) == 3
    assert len(latest_minutes(pool, instrument, start_ms=0, stop_ms=10**13).ts_open) == 0


def test_a_fingerprint_knows_candles_of_every_length(pool: ClickHousePool) -> None:
    instrument = store(pool, random_minutes(10))
    feed = ClickHouseCandles(pool)

    def seen() -> tuple[int, int]:
        return feed.fingerprint(
            instrument, start_ms=MIDNIGHT_MS, stop_ms=MIDNIGHT_MS + DAY_MS, control=Control()
        )

    before = seen()
    insert_minutes(pool, instrument, hours(5), source="test", ingested_at=1)
    between = seen()
    insert_minutes(pool, instrument, hours(1, seed=2), source="test", ingested_at=2)

    assert len({before, between, seen()}) == 3


@pytest.fixture
def bare(served: ClickHousePool) -> ClickHousePool:
    """A server that has the table of minutes alone, as a deployment has that is older."""
    # Others of this module may have made the table; whoever inserts hours makes it again.
    served.run(lambda client: client.command("DROP TABLE IF EXISTS " + LONGER_TABLE))
    return served


def test_a_server_without_the_table_of_other_lengths_has_minutes(bare: ClickHousePool) -> None:
    instrument = store(bare, random_minutes(60))

    assert load(bare, instrument, Timeframe.M15).candle_ms == MINUTE_MS
    assert [s.length_ms for s in stored_instruments(bare) if s.instrument == instrument] == [
        MINUTE_MS
    ]
    assert instrument in ClickHouseCandles(bare).instruments(control=Control())
    insert_minutes(bare, instrument, hours(5), source="test", ingested_at=1)
    assert load(bare, instrument, Timeframe.D1).candle_ms == HOUR_MS
