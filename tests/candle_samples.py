"""Three weeks of BTCUSDT minutes as Binance publishes them: generated, and real where there are.

The real file is named by `SAMPLE_CANDLES`, or lies in a folder `data` of the checkout, or of a
folder beside it.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from backtest.adapters.candles.table import Minutes
from backtest.adapters.ingest.generate import SyntheticMarket, generate
from backtest.types import MINUTE_MS
from tests.backtest.adapters.candle_texts import write_gzip

N_MINUTES = 30_240
START_MS = int(datetime(2023, 3, 1, tzinfo=UTC).timestamp() * 1_000)
# How many stretches without a trade there are, by their minutes; as real ones, and a few so long
# that indicators over usual windows are not defined there.
QUIET_STRETCHES = {1: 900, 2: 150, 3: 40, 5: 6, 16: 3, 45: 2}
NAME = "BTCUSDT-1m-2023-03-01_21.csv.gz"


def write_generated(folder: Path) -> Path:
    """A file of seeded minutes in a folder: the same bytes each time."""
    market = SyntheticMarket(first_ms=START_MS, n_minutes=N_MINUTES, seed=3, start_price=23_140.0)
    return write_gzip(folder / NAME, _kline(_with_quiet_stretches(generate(market))))


def real() -> Path | None:
    """The real file, if there is one.

    Raises:
        FileNotFoundError: The file that was named does not exist.
    """
    named = os.environ.get("SAMPLE_CANDLES")
    if named:
        return Path(named).resolve(strict=True)
    beside = Path(__file__).resolve().parents[2].glob("*/data/BTCUSDT-1m-*.csv.gz")
    return next(iter(sorted(beside)), None)


def _with_quiet_stretches(minutes: Minutes) -> Minutes:
    """Minutes in which nobody trades repeat the last price."""
    rng = np.random.default_rng(7)
    columns = {name: column.copy() for name, column in minutes.columns.items()}
    for length, count in QUIET_STRETCHES.items():
        for start in rng.integers(1, N_MINUTES - length, count).tolist():
            stretch = slice(start, start + length)
            for name in ("open", "high", "low", "close"):
                columns[name][stretch] = columns["close"][start - 1]
            columns["volume_base"][stretch] = 0.0
    return Minutes(ts_open=minutes.ts_open, columns=columns)


def _kline(minutes: Minutes) -> str:
    columns = [minutes.columns[name] for name in ("open", "high", "low", "close", "volume_base")]
    rows = zip(minutes.ts_open.tolist(), *(column.tolist() for column in columns), strict=True)
    return "".join(map(_line, rows))


def _line(row: tuple[int, float, float, float, float, float]) -> str:
    ts, opened, high, low, close, volume = row
    prices = ",".join(f"{price:.2f}" for price in (opened, high, low, close))
    quote, trades = volume * close, round(volume * 40)
    return (
        f"{ts},{prices},{volume:.5f},{ts + MINUTE_MS - 1},{quote:.5f},{trades},"
        f"{volume / 2:.5f},{quote / 2:.5f},0\n"
    )
