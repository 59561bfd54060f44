"""The suite of the `CandleFeed` port, over the embedded engine and over HTTP."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import add

import numpy as np
import pytest

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.table import Minutes, insert_minutes
from backtest.adapters.candles.watched_call import call_watched
from backtest.control import Control
from backtest.errors import (
    BacktestError,
    CandlesUnavailable,
    DeadlineExceeded,
    MemoryExceeded,
    RunCancelled,
)
from backtest.ports import Buckets, CandleFeed, StoredRange
from backtest.types import MINUTE_MS, Instrument, Timeframe
from tests.backtest.adapters.minutes import (
    MIDNIGHT_MS,
    a_new_instrument,
    in_order,
    minutes,
    random_minutes,
)
from tests.waiting import PATIENCE_S


@pytest.fixture(params=["embedded", "server"])
def pool(request: pytest.FixtureRequest, pool: ClickHousePool) -> ClickHousePool:
    return pool if request.param == "embedded" else request.getfixturevalue("served")


@pytest.fixture
def feed(pool: ClickHousePool) -> CandleFeed:
    return ClickHouseCandles(pool)


def store(pool: ClickHousePool, *batches: Minutes, ingested_at: tuple[int, ...] = ()) -> Instrument:
    instrument = a_new_instrument()
    stamps = ingested_at or tuple(range(1, len(batches) + 1))
    for batch, stamp in zip(batches, stamps, strict=True):
        insert_minutes(pool, instrument, batch, source="test", ingested_at=stamp)
    return instrument


def load(
    feed: CandleFeed,
    instrument: Instrument,
    timeframe: Timeframe = Timeframe.M5,
    *,
    start_ms: int = MIDNIGHT_MS,
    n_minutes: int = 1_440,
) -> Buckets:
    return feed.load(
        instrument,
        timeframe,
        start_ms=start_ms,
        stop_ms=start_ms + n_minutes * MINUTE_MS,
        control=Control(),
    )


def bits(buckets: Buckets) -> tuple[bytes, ...]:
    return tuple(
        array.tobytes()
        for array in (
            buckets.ts_open,
            buckets.open,
            buckets.high,
            buckets.low,
            buckets.close,
            buckets.volume,
            buckets.runs,
        )
    )


def test_a_bucket_takes_first_open_last_close_extremes_and_sum(
    pool: ClickHousePool, feed: CandleFeed
) -> None:
    instrument = store(
        pool, minutes("11 12 13", open="1 2 3", high="20 40 30", low="9 5 7", volume="1 2 4")
    )

    buckets = load(feed, instrument)

    assert buckets.ts_open.tolist() == [MIDNIGHT_MS]
    found = (buckets.open, buckets.high, buckets.low, buckets.close, buckets.volume)
    assert [float(array[0]) for array in found] == [1, 40, 5, 13, 7]


def test_arrays_are_what_kernels_take(pool: ClickHousePool, feed: CandleFeed) -> None:
    buckets = load(feed, store(pool, minutes("1 2 3 4 5 6")))

    assert buckets.ts_open.dtype == np.int64
    assert buckets.close.dtype == np.float64
    assert buckets.close.flags.c_contiguous
    assert buckets.close.flags.writeable


def test_missing_minutes_and_buckets_leave_no_trace(pool: ClickHousePool, feed: CandleFeed) -> None:
    instrument = store(pool, minutes("- 2 - - - - - - - - 11"))

    buckets = load(feed, instrument)

    assert buckets.ts_open.tolist() == [MIDNIGHT_MS, MIDNIGHT_MS + 10 * MINUTE_MS]
    assert buckets.close.tolist() == [2, 11]


def test_only_minutes_of_the_half_open_range_are_seen(
    pool: ClickHousePool, feed: CandleFeed
) -> None:
    instrument = store(pool, minutes("1 2 3 4 5"))

    buckets = load(feed, instrument, start_ms=MIDNIGHT_MS + MINUTE_MS, n_minutes=3)

    assert buckets.ts_open.tolist() == [MIDNIGHT_MS]
    assert (buckets.open[0], buckets.close[0], buckets.volume[0]) == (2, 4, 3)


def test_nothing_stored_gives_no_buckets(feed: CandleFeed) -> None:
    buckets = load(feed, a_new_instrument())

    assert len(buckets.ts_open) == len(buckets.volume) == 0


def test_a_range_beyond_the_column_type_is_no_error(pool: ClickHousePool, feed: CandleFeed) -> None:
    instrument = store(pool, minutes("1"))

    buckets = feed.load(
        instrument, Timeframe.D1, start_ms=-(10**17), stop_ms=10**17, control=Control()
    )

    assert buckets.close.tolist() == [1]


def test_buckets_before_1970_are_aligned_downwards(pool: ClickHousePool, feed: CandleFeed) -> None:
    instrument = store(pool, minutes("1", first_ms=-7 * MINUTE_MS))

    buckets = load(feed, instrument, start_ms=-60 * MINUTE_MS, n_minutes=120)

    assert buckets.ts_open.tolist() == [-10 * MINUTE_MS]


@pytest.mark.parametrize("symbol", ["A'B", "A\\B", "A\tB\n", "ÄÖ{x}", "%s--"])
def test_a_symbol_is_never_part_of_the_statement(
    pool: ClickHousePool, feed: CandleFeed, symbol: str
) -> None:
    instrument = Instrument(market_id=1, symbol=symbol)
    insert_minutes(pool, instrument, minutes("1 2"), source="test", ingested_at=1)

    assert load(feed, instrument).close.tolist() == [2]


@pytest.mark.parametrize(
    ("columns", "n_buckets"),
    [
        pytest.param({"close": "1 nan 3"}, 1, id="a minute without a finite close is not there"),
        pytest.param({"close": "inf -inf nan"}, 0, id="no minute with a finite close"),
        pytest.param({"close": "1 2 3", "high": "1 nan 3"}, 0, id="a NaN high spoils"),
        pytest.param({"close": "1 2 3", "low": "1 nan 3"}, 0, id="a NaN low spoils"),
        pytest.param({"close": "1 2 3", "high": "1 inf 3"}, 0, id="an infinite high spoils"),
        pytest.param({"close": "1 2 3", "volume": "1 inf 3"}, 0, id="an infinite volume spoils"),
        pytest.param({"close": "1 2 3", "volume": "1 nan 3"}, 0, id="a NaN volume spoils"),
        pytest.param(
            {"close": "1 2 3", "volume": "1e308 1e308 1"}, 0, id="an overflowing sum spoils"
        ),
        pytest.param({"close": "1 2 3", "open": "nan 2 3"}, 0, id="a NaN first open spoils"),
        pytest.param({"close": "1 2 3", "open": "1 nan 3"}, 1, id="a later open is not used"),
        pytest.param(
            {"close": "nan 2 3", "open": "nan 2 3", "high": "nan 2 3"},
            1,
            id="an unavailable minute spoils nothing",
        ),
    ],
)
def test_non_finite_numbers(
    pool: ClickHousePool, feed: CandleFeed, columns: dict[str, str], n_buckets: int
) -> None:
    others = {name: text for name, text in columns.items() if name != "close"}
    instrument = store(pool, minutes(columns["close"], first_ms=MIDNIGHT_MS, **others))

    assert len(load(feed, instrument).ts_open) == n_buckets


@pytest.mark.parametrize("close", ["0", "-0.0", "-37.6"])
def test_a_close_that_is_no_price_is_refused_with_its_bar(
    pool: ClickHousePool, feed: CandleFeed, close: str
) -> None:
    instrument = store(pool, minutes(f"1 2 3 4 5 6 {close} 8 9 10 11 {close}"))

    with pytest.raises(CandlesUnavailable, match="closes that are not above 0") as caught:
        load(feed, instrument, Timeframe.M1)

    assert "the bar from 2024-01-01 00:06 UTC on; `candles check`" in caught.value.__notes__[0]


def test_what_no_fill_has_for_its_price_may_be_zero(pool: ClickHousePool, feed: CandleFeed) -> None:
    instrument = store(pool, minutes("1 0 3 4 5", open="0 1 1 1 1", low="0 0 -1 1 1"))

    buckets = load(feed, instrument)

    assert (buckets.open.tolist(), buckets.low.tolist(), buckets.close.tolist()) == ([0], [-1], [5])


def test_the_latest_ingestion_wins_whatever_came_first(
    pool: ClickHousePool, feed: CandleFeed
) -> None:
    old, new = minutes("1 2 3"), minutes("- 20")

    first = store(pool, old, new, ingested_at=(1, 2))
    second = store(pool, new, old, ingested_at=(2, 1))

    for instrument in (first, second):
        assert load(feed, instrument, Timeframe.M1).close.tolist() == [1, 20, 3]


def test_a_newer_row_without_a_close_hides_the_older_one(
    pool: ClickHousePool, feed: CandleFeed
) -> None:
    instrument = store(pool, minutes("1 2 3"), minutes("- nan"))

    assert load(feed, instrument, Timeframe.M1).close.tolist() == [1, 3]


def test_a_tie_of_ingestion_is_decided_by_the_values(
    pool: ClickHousePool, feed: CandleFeed
) -> None:
    one, other = minutes("1 9", high="5 9"), minutes("1 8", high="6 8")

    first = store(pool, one, other, ingested_at=(7, 7))
    second = store(pool, other, one, ingested_at=(7, 7))

    assert bits(load(feed, first, Timeframe.M1)) == bits(load(feed, second, Timeframe.M1))


def test_order_parts_duplicates_and_threads_change_no_bit(
    pool: ClickHousePool, feed: CandleFeed
) -> None:
    rng = np.random.default_rng(3)
    given = random_minutes(20_000)
    stale = Minutes(ts_open=given.ts_open, columns={n: c * 1.5 for n, c in given.columns.items()})
    plain = store(pool, given)
    shuffled = store(pool, in_order(given, rng.permutation(20_000)), stale, ingested_at=(9, 1))
    order = rng.permutation(20_000)
    in_parts = a_new_instrument()
    for part in np.array_split(order, 13):
        insert_minutes(pool, in_parts, in_order(given, part), source="test", ingested_at=1)

    for timeframe in (Timeframe.M5, Timeframe.H4):
        expected = bits(load(feed, plain, timeframe, n_minutes=20_000))
        for instrument in (shuffled, in_parts):
            assert bits(load(feed, instrument, timeframe, n_minutes=20_000)) == expected


def test_a_sum_equals_a_loop_over_ascending_minutes(pool: ClickHousePool, feed: CandleFeed) -> None:
    given = random_minutes(1_440)
    volumes = given.columns["volume_base"].tolist()

    buckets = load(feed, store(pool, given), Timeframe.H1)

    # one after the other; the built-in `sum` compensates rounding from Python 3.12 on
    expected = [reduce(add, volumes[i : i + 60]) for i in range(0, 1_440, 60)]
    assert buckets.volume.tolist() == expected


def test_runs_name_the_candles_that_counted(pool: ClickHousePool, feed: CandleFeed) -> None:
    closes = "- 2 3 - - 6 nan 8 9 10 11 12 - - - 16"
    instrument = store(pool, minutes(closes), minutes("- - 3"))

    for timeframe in (Timeframe.M1, Timeframe.M5, Timeframe.D1):
        buckets = load(feed, instrument, timeframe)
        steps = (buckets.runs - MIDNIGHT_MS) // MINUTE_MS
        assert steps.tolist() == [[1, 2], [5, 5], [7, 11], [15, 15]]
        assert buckets.candle_ms == MINUTE_MS


def test_runs_of_a_complete_history_are_one_and_of_none_are_none(
    pool: ClickHousePool, feed: CandleFeed
) -> None:
    complete = load(feed, store(pool, random_minutes(3_000)), n_minutes=3_000)

    assert complete.runs.tolist() == [[MIDNIGHT_MS, MIDNIGHT_MS + 2_999 * MINUTE_MS]]
    assert load(feed, a_new_instrument()).runs.shape == (0, 2)


def test_a_store_says_how_far_its_candles_reach(pool: ClickHousePool, feed: CandleFeed) -> None:
    instrument = store(pool, minutes("- 2 - - 5"), minutes("9"))

    found = feed.stored_range(instrument, control=Control())

    assert found == StoredRange(first_ms=MIDNIGHT_MS, last_ms=MIDNIGHT_MS + 4 * MINUTE_MS)
    assert feed.stored_range(a_new_instrument(), control=Control()) is None


def test_a_store_says_whose_candles_it_has(pool: ClickHousePool, feed: CandleFeed) -> None:
    stored = [store(pool, minutes("1 2 3")), Instrument(market_id=7, symbol="ÄÖ{x}")]
    insert_minutes(pool, stored[1], minutes("1"), source="test", ingested_at=1)

    found = feed.instruments(control=Control())

    assert set(stored) <= set(found)
    assert found == sorted(set(found), key=lambda item: (item.market_id, item.symbol.encode()))


def test_several_threads_get_the_same_answer(pool: ClickHousePool, feed: CandleFeed) -> None:
    instrument = store(pool, random_minutes(5_000))

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: bits(load(feed, instrument)), range(24)))

    assert len(set(answers)) == 1


def test_a_cancelled_control_ends_the_load(pool: ClickHousePool, feed: CandleFeed) -> None:
    control = Control()
    control.cancel()

    with pytest.raises(RunCancelled):
        feed.load(a_new_instrument(), Timeframe.M1, start_ms=0, stop_ms=1, control=control)


@pytest.mark.parametrize(
    "reason", [RunCancelled(), DeadlineExceeded(1.0), MemoryExceeded("run", memory_bytes=1)]
)
def test_whatever_ends_a_run_ends_its_query(reason: BacktestError) -> None:
    control, released = Control(), threading.Event()

    def work() -> None:
        control.cancel(reason)
        assert released.wait(PATIENCE_S)

    with pytest.raises(type(reason)):
        call_watched(work, control=control, abandon=released.set)

    assert released.wait(PATIENCE_S)


def test_a_passed_deadline_ends_the_load(feed: CandleFeed) -> None:
    with pytest.raises(DeadlineExceeded):
        feed.load(a_new_instrument(), Timeframe.M1, start_ms=0, stop_ms=1, control=Control(-1.0))


def test_ping_answers(feed: CandleFeed) -> None:
    feed.ping()
