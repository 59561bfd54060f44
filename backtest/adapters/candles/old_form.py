"""Stores of an earlier version, whose candles were tables of the engine: made into files once.

`python -m backtest.adapters.candles.old_form FOLDER` reads the tables, in a process of its own,
since a process has one engine and ours has no folder. Nothing is deleted: what was there before
goes to `FOLDER/.old-form`.

See: docs/stores.md#the-embedded-store
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from backtest.adapters.candles.failures import unavailable_because
from backtest.adapters.candles.file_stage import file_in
from backtest.adapters.candles.folder import OLD_FORM, candle_files_in, series_folder
from backtest.adapters.candles.schema import CANDLE_TABLE
from backtest.adapters.candles.series import StoredSeries
from backtest.types import MINUTE_MS, Instrument

_KEPT = ".old-form"
_SLICE_MS = (1 << 18) * MINUTE_MS
_ROWS_SQL = f"""
SELECT * REPLACE (toString(ingest_id) AS ingest_id)
FROM {CANDLE_TABLE}
WHERE market_id = {{market_id:UInt16}} AND symbol = {{symbol:String}}
    AND ts_open >= fromUnixTimestamp64Milli({{start_ms:Int64}})
    AND ts_open < fromUnixTimestamp64Milli({{stop_ms:Int64}})
ORDER BY ts_open, ingested_at
"""  # noqa: S608 - a constant
_SERIES_SQL = f"""
SELECT market_id, symbol, min(toUnixTimestamp64Milli(ts_open)), max(toUnixTimestamp64Milli(ts_open))
FROM {CANDLE_TABLE} GROUP BY market_id, symbol ORDER BY market_id, symbol
"""  # noqa: S608 - a constant


def prepare_folder(directory: Path) -> None:
    """Make the folder of an embedded store; convert what an earlier version left in it.

    Raises:
        CandlesUnavailable: It cannot be made, or not be converted; the notes say why.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if (directory / OLD_FORM).is_dir():
            _convert_alone(directory)
    except OSError as error:
        raise unavailable_because(f"{directory} cannot be used: {error}") from error


def _convert_alone(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not (directory / OLD_FORM).is_dir():
            return
        arguments = [sys.executable, "-m", __name__, str(directory)]
        done = subprocess.run(  # noqa: S603 - this interpreter
            arguments, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise unavailable_because(
                f"{directory} holds candles in the format of an earlier version, and converting"
                " them to Parquet failed. Stop every process that uses the folder and try again;"
                " no data was lost.",
                f"The converter said: {done.stderr.strip()[-300:]}",
            )
        _put_aside(directory)
    finally:
        os.close(descriptor)


def _put_aside(directory: Path) -> None:
    """What is not ours; the folder by which the old form is known goes first."""
    kept = directory / _KEPT
    kept.mkdir(exist_ok=True)
    others = [path for path in directory.iterdir() if not path.name.isdecimal() and path != kept]
    for path in sorted(others, key=lambda path: path.name != OLD_FORM):
        path.rename(kept / path.name)


def _convert(directory: Path) -> None:
    """Write a file for each series; one that has files already was converted before."""
    os.environ["TZ"] = "UTC"
    client = clickhouse_connect.get_client(interface="chdb", path=str(directory))
    for market_id, symbol, first_ms, last_ms in client.query(_SERIES_SQL).result_rows:
        series = StoredSeries(instrument=Instrument(market_id=market_id, symbol=symbol))
        folder = series_folder(directory, series)
        if not candle_files_in(folder):
            with file_in(folder) as stage:
                for rows in _rows(client, series, first_ms, last_ms):
                    stage.add(rows)
    client.close()


def _rows(client: Client, series: StoredSeries, first_ms: int, last_ms: int) -> Iterator[Any]:
    instrument = series.instrument
    for start_ms in range(first_ms, last_ms + 1, _SLICE_MS):
        parameters = {
            "market_id": instrument.market_id,
            "symbol": instrument.symbol,
            "start_ms": start_ms,
            "stop_ms": start_ms + _SLICE_MS,
        }
        yield client.query_arrow(_ROWS_SQL, parameters)


if __name__ == "__main__":
    _convert(Path(sys.argv[1]))
