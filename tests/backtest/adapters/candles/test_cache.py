import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from backtest.adapters.candles.cache import CachedCandles, Fingerprint
from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.table import insert_minutes
from backtest.control import Control
from backtest.errors import CandlesUnavailable, RunCancelled
from backtest.ports import Buckets, CandleFeed, StoredRange
from backtest.types import MINUTE_MS, Instrument, Timeframe
from tests.backtest.adapters.minutes import MIDNIGHT_MS, a_new_instrument, minutes
from tests.waiting import PATIENCE_S

N_BARS = 10
ENTRY_BYTES = 6 * 8 * N_BARS + 2 * 8


class CountingFeed:
    """Bars whose close is the version of the store; what happens during a load is told."""

    def __init__(self, during_load: Callable[[], None] = lambda: None) -> None:
        self.version = 1
        self.n_loads = 0
        self.during_load = during_load

    def load(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        *,
        start_ms: int,
        stop_ms: int,
        control: Control,
    ) -> Buckets:
        self.n_loads += 1
        version = float(self.version)
        self.during_load()
        control.check()
        columns = {name: np.full(N_BARS, version) for name in ("open", "high", "low", "close")}
        return Buckets(
            ts_open=np.arange(N_BARS),
            volume=np.ones(N_BARS),
            candle_ms=MINUTE_MS,
            runs=np.array([[0, (N_BARS - 1) * MINUTE_MS]]),
            **columns,
        )

    def stored_range(self, instrument: Instrument, *, control: Control) -> StoredRange | None:
        return StoredRange(first_ms=0, last_ms=self.version)

    def instruments(self, *, control: Control) -> list[Instrument]:
        return [Instrument(market_id=1, symbol="X")]

    def fingerprint(
        self, instrument: Instrument, *, start_ms: int, stop_ms: int, control: Control
    ) -> Fingerprint:
        return N_BARS, self.version

    def ping(self) -> None:
        raise CandlesUnavailable


def load(feed: CandleFeed, *, symbol: str = "X", control: Control | None = None) -> Buckets:
    return feed.load(
        Instrument(market_id=1, symbol=symbol),
        Timeframe.M1,
        start_ms=0,
        stop_ms=600_000,
        control=control or Control(),
    )


def test_equal_bars_are_loaded_once() -> None:
    feed = CountingFeed()
    cached = CachedCandles(feed, max_bytes=1 << 20)

    assert load(cached) is load(cached)
    assert (feed.n_loads, cached.n_hits, cached.n_misses) == (1, 1, 1)


def test_bars_are_loaded_again_when_the_store_has_changed() -> None:
    feed = CountingFeed()
    cached = CachedCandles(feed, max_bytes=1 << 20)
    load(cached)

    feed.version = 2

    assert load(cached).close[0] == 2
    assert cached.n_bytes == ENTRY_BYTES


def test_a_change_while_bars_are_loading_is_seen_by_the_next_run() -> None:
    feed = CountingFeed()
    cached = CachedCandles(feed, max_bytes=1 << 20)

    def change() -> None:
        feed.version = 2

    feed.during_load = change
    load(cached)

    assert load(cached).close[0] == 2


def test_shared_bars_cannot_be_written_to() -> None:
    cached = CachedCandles(CountingFeed(), max_bytes=1 << 20)

    with pytest.raises(ValueError, match="read-only"):
        load(cached).close[0] = 7


def test_bars_used_longest_ago_go_first() -> None:
    feed = CountingFeed()
    cached = CachedCandles(feed, max_bytes=2 * ENTRY_BYTES)

    for symbol in ("A", "B", "A", "C", "A"):
        load(cached, symbol=symbol)
    assert (feed.n_loads, cached.n_bytes) == (3, 2 * ENTRY_BYTES)
    load(cached, symbol="B")

    assert feed.n_loads == 4


def test_bars_larger_than_the_cache_are_handed_through() -> None:
    cached = CachedCandles(CountingFeed(), max_bytes=1)

    assert load(cached).close[0] == 1
    assert cached.n_bytes == 0


def test_runs_that_want_the_same_at_once_load_it_once() -> None:
    release = threading.Event()
    feed = CountingFeed(lambda: assert_set(release))
    cached = CachedCandles(feed, max_bytes=1 << 20)

    with ThreadPoolExecutor(8) as threads:
        loads = [threads.submit(load, cached) for _ in range(8)]
        release.set()
        found = {id(future.result(PATIENCE_S)) for future in loads}

    assert len(found) == 1
    assert feed.n_loads == 1


def assert_set(event: threading.Event) -> None:
    assert event.wait(PATIENCE_S)


def test_a_run_whose_leader_left_loads_by_itself() -> None:
    entered, release = threading.Event(), threading.Event()

    def wait_once() -> None:
        entered.set()
        assert release.wait(PATIENCE_S)

    feed = CountingFeed(wait_once)
    cached = CachedCandles(feed, max_bytes=1 << 20)
    leaving = Control()

    with ThreadPoolExecutor(2) as threads:
        leader = threads.submit(load, cached, control=leaving)
        assert entered.wait(PATIENCE_S)
        follower = threads.submit(load, cached)
        leaving.cancel()
        release.set()
        with pytest.raises(RunCancelled):
            leader.result(PATIENCE_S)

        assert follower.result(PATIENCE_S).close[0] == 1


def test_whoever_waits_for_a_load_may_leave() -> None:
    entered, release = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        assert release.wait(PATIENCE_S)

    cached = CachedCandles(CountingFeed(wait), max_bytes=1 << 20)
    gone = Control()

    with ThreadPoolExecutor(2) as threads:
        leader = threads.submit(load, cached)
        assert entered.wait(PATIENCE_S)
        follower = threads.submit(load, cached, control=gone)
        gone.cancel()
        with pytest.raises(RunCancelled):
            follower.result(PATIENCE_S)
        release.set()
        leader.result(PATIENCE_S)


def test_ping_is_the_stores() -> None:
    with pytest.raises(CandlesUnavailable):
        CachedCandles(CountingFeed(), max_bytes=1).ping()


def test_a_fingerprint_knows_every_change_and_no_order(served: ClickHousePool) -> None:
    candles = ClickHouseCandles(served)
    first, second = a_new_instrument(), a_new_instrument()

    def seen(instrument: Instrument) -> Fingerprint:
        return candles.fingerprint(
            instrument, start_ms=MIDNIGHT_MS, stop_ms=MIDNIGHT_MS + 10**9, control=Control()
        )

    def insert(instrument: Instrument, closes: str, ingested_at: int = 1) -> None:
        insert_minutes(served, instrument, minutes(closes), source="test", ingested_at=ingested_at)

    insert(first, "1 2 3")
    insert(second, "- - 3")
    insert(second, "1 2")
    before = seen(first)

    assert before == seen(second)
    assert before[0] == 3
    insert(first, "1", ingested_at=2)
    after = seen(first)
    assert after != before
    insert(first, "- - - 4")
    assert seen(first) != after


def test_the_cache_over_a_store_is_never_behind_it(pool: ClickHousePool) -> None:
    cached = CachedCandles(ClickHouseCandles(pool), max_bytes=1 << 20)
    instrument = a_new_instrument()

    closes: list[list[float]] = []
    for moment, text in enumerate(("1 2 3", "1 9 3", "- - - 4", "1")):
        insert_minutes(pool, instrument, minutes(text), source="test", ingested_at=moment)
        first, again = (
            cached.load(
                instrument,
                Timeframe.M1,
                start_ms=MIDNIGHT_MS,
                stop_ms=MIDNIGHT_MS + 10**9,
                control=Control(),
            )
            for _ in range(2)
        )
        assert first is again
        closes.append(again.close.tolist())

    assert closes == [[1, 2, 3], [1, 9, 3], [1, 9, 3, 4], [1, 9, 3, 4]]
    assert cached.n_hits == 4
