"""How long the candle store takes for a year of minutes: `python -m benchmarks.stores`.

Checks first that duplicates in another order change no bit of the bars.
"""

import os
import platform
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import numpy as np

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.table import Minutes, insert_minutes
from backtest.adapters.candles.write import write_minutes
from backtest.adapters.ingest.generate import SyntheticMarket, generate
from backtest.control import Control
from backtest.ports import Buckets
from backtest.types import MINUTE_MS, Instrument, Timeframe

T = TypeVar("T")
YEAR = SyntheticMarket(first_ms=1_704_067_200_000, n_minutes=525_600, seed=1)
PLAIN = Instrument(market_id=1, symbol="PLAIN")
DOUBLED = Instrument(market_id=1, symbol="DOUBLED")


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        pool = ClickHousePool(EmbeddedEngine(directory=Path(folder)))
        try:
            measure(pool)
        finally:
            pool.close()


def measure(pool: ClickHousePool) -> None:
    feed = ClickHouseCandles(pool)
    show("open the store", feed.ping, n=1)
    minutes = show("generate a year", lambda: generate(YEAR))
    show("write it", lambda: write(pool, minutes), n=1)
    show("write it again", lambda: write(pool, minutes))
    insert_minutes(pool, DOUBLED, minutes, source="synthetic", ingested_at=1)
    insert_minutes(pool, DOUBLED, shuffled(minutes), source="synthetic", ingested_at=2)
    assert bits(load(feed, PLAIN, Timeframe.M15)) == bits(load(feed, DOUBLED, Timeframe.M15))
    for timeframe in (Timeframe.M1, Timeframe.M15, Timeframe.D1):
        show(f"load {timeframe}", partial(load, feed, PLAIN, timeframe))
        show(f"load {timeframe}, doubled", partial(load, feed, DOUBLED, timeframe))


def show(what: str, call: Callable[[], T], n: int = 7) -> T:
    seconds: list[float] = []
    while True:
        started = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - started)
        if len(seconds) == n:
            break
    print(f"{what:24} median {np.median(seconds):6.3f} s, best {min(seconds):6.3f} s")
    return result


def write(pool: ClickHousePool, minutes: Minutes) -> None:
    write_minutes(pool, PLAIN, minutes, source="synthetic", now_ms=1, ingest_id=uuid4())


def shuffled(minutes: Minutes) -> Minutes:
    order = np.random.default_rng(1).permutation(len(minutes))
    columns = {name: column[order] for name, column in minutes.columns.items()}
    return Minutes(ts_open=minutes.ts_open[order], columns=columns)


def load(feed: ClickHouseCandles, instrument: Instrument, timeframe: Timeframe) -> Buckets:
    stop_ms = YEAR.first_ms + YEAR.n_minutes * MINUTE_MS
    return feed.load(
        instrument, timeframe, start_ms=YEAR.first_ms, stop_ms=stop_ms, control=Control()
    )


def bits(buckets: Buckets) -> bytes:
    return (
        b"".join(
            array.tobytes()
            for array in (buckets.ts_open, buckets.open, buckets.high, buckets.low, buckets.close)
        )
        + buckets.volume.tobytes()
    )


if __name__ == "__main__":
    main()
