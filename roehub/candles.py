"""Candles as frames: into the store through the checks of an import, and out of it again.

See: docs/python.md#candles
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.series import parsed_length
from backtest.adapters.candles.table import create_table, latest_minutes
from backtest.adapters.ingest.asked import Asked
from backtest.adapters.ingest.importer import check_file, write_file
from backtest.types import Instrument
from bff.config.deployment import load_deployment
from bff.wiring import candle_target
from roehub.values import instrument as instrument_id
from roehub.values import moment

if TYPE_CHECKING:
    from backtest.adapters.ingest.importer import CheckedFile

SHOWN = 5
END_MS = 2**52  # after every candle
Store = str | os.PathLike[str] | None


def put(
    frame: pd.DataFrame,
    instrument: object,
    *,
    interval: str = "1m",
    store: Store = None,
    asked: Asked | None = None,
) -> int:
    """Store the candles of a frame: all of them, or none and a sentence.

    Args:
        frame: A row for each candle: its open time as a column or as the index, and `open`,
            `high`, `low`, `close`, `volume`. Times without a zone need `asked` to say theirs.
        instrument: Whose candles, as `roehub.run` takes it.
        interval: How long they are, `1m` to `1d`.
        store: A data directory; by default what the environment configures.
        asked: What the candles do not say of themselves; its symbol and length are set here.

    Returns:
        How many candles are new in the store or have other values there now.

    Raises:
        ValueError: What is wrong with them, and where.
        BacktestError: The store cannot be used.

    See: docs/candle-files.md
    """
    of = _instrument(instrument)
    told = replace(asked or Asked(), symbol=of.symbol, length_ms=_length_ms(interval))
    with tempfile.TemporaryDirectory(prefix="roehub-") as folder:
        path = Path(folder) / "frame.parquet"
        _with_times(frame).to_parquet(path, index=False)
        checked = check_file(path, _silent, told)
        _refuse_faults(checked)
        with _opened(store) as pool:
            create_table(pool)
            written = write_file(pool, of, checked, _silent, time.time_ns() // 1_000_000)
    return written.n_new + written.n_replaced


def get(
    instrument: object,
    start: object = None,
    end: object = None,
    *,
    interval: str = "1m",
    store: Store = None,
) -> pd.DataFrame:
    """The stored candles of an instrument.

    Args:
        instrument: Whose candles, as `roehub.run` takes it.
        start: Of the first candle, as `roehub.run` takes it; by default the first that is stored.
        end: Candles open before it; by default all do.
        interval: How long the candles are.
        store: A data directory; by default what the environment configures.

    Returns:
        A row for each candle by its open time, ascending: `open`, `high`, `low`, `close`, `volume`.

    Raises:
        BacktestError: The store cannot be used.

    See: docs/stores.md
    """
    with _opened(store) as pool:
        found = latest_minutes(
            pool,
            _instrument(instrument),
            start_ms=0 if start is None else _ms(start),
            stop_ms=END_MS if end is None else _ms(end),
            length_ms=_length_ms(interval),
        )
    times = pd.to_datetime(found.ts_open, unit="ms", utc=True)
    frame = pd.DataFrame(dict(found.prices), index=pd.Index(times, name="ts_open"))
    return frame.rename(columns={"volume_base": "volume"})


def _with_times(frame: pd.DataFrame) -> pd.DataFrame:
    if isinstance(frame.index, pd.DatetimeIndex):
        return frame.rename_axis(index=str(frame.index.name or "ts_open")).reset_index()
    return frame


def _refuse_faults(checked: "CheckedFile") -> None:
    faults = [*checked.problems, *(f"{where}: {reason}" for where, reason in checked.reasons)]
    if faults:
        more = f"\n  … and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        shown = "\n  ".join(faults[:SHOWN])
        raise ValueError(f"nothing of the frame was stored:\n  {shown}{more}")


@contextmanager
def _opened(store: Store) -> Generator[ClickHousePool]:
    environ = dict(os.environ) if store is None else {"ROEHUB_DATA_DIR": str(store)}
    pool = ClickHousePool(candle_target(load_deployment(environ).environment))
    try:
        yield pool
    finally:
        pool.close()


def _instrument(name: object) -> Instrument:
    found = instrument_id(name)
    return Instrument(market_id=found["market_id"], symbol=found["symbol"])


def _length_ms(interval: str) -> int:
    length_ms = parsed_length(interval)
    if length_ms is None:
        raise ValueError(f"an interval is written like 1m, 15m, 1h or 1d, was {interval!r}")
    return length_ms


def _ms(value: object) -> int:
    return int(pd.Timestamp(moment(value)).timestamp() * 1000)


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
    del done, total
