"""Candles as frames: into the store through the checks of an import, and out of it again.

See: docs/python.md#candles
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportMissingTypeStubs=false

import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.series import is_storable, parsed_length
from backtest.adapters.candles.table import create_table, latest_minutes, stored_instruments
from backtest.adapters.ingest.importer import BrokenFile, check_file, write_file
from backtest.adapters.ingest.options import ImportOptions, TimesOf
from backtest.adapters.ingest.times import DateOrder
from backtest.enums import spelled_length
from backtest.markets import instrument_key
from backtest.types import Instrument
from bff.config.deployment import load_deployment
from bff.wiring import candle_target
from roehub.values import instrument as instrument_id
from roehub.values import moment, nearest
from roehub.wording import in_few, in_python
from schema.request import InstrumentId
from schema.scalars import to_epoch_ms
from schema.translate import to_instrument

if TYPE_CHECKING:
    from backtest.adapters.ingest.importer import CheckedFile

END_MS = 2**52  # after every candle
Store = str | os.PathLike[str] | None


class FrameOptions(TypedDict, total=False):
    """What candles do not say of themselves; `ImportOptions` has what each of these means.

    See: docs/candle-files.md
    """

    timezone: str
    times: TimesOf
    date_order: DateOrder
    file_symbol: str
    floor_times: bool
    zero_volume: bool


def put(
    frame: Any,
    instrument: object,
    *,
    interval: str = "1m",
    store: Store = None,
    **options: Unpack[FrameOptions],
) -> int:
    """Store the candles of a frame: all of them, or none and a sentence.

    Args:
        frame: A frame of pandas, or of any library that hands out Arrow, such as Polars. A row for
            each candle: its open time as a column or as the index, and `open`, `high`, `low`,
            `close`, `volume`.
        instrument: Whose candles, as `roehub.run` takes it.
        interval: How long they are, `1m` to `1d`.
        store: A data directory; by default what the environment configures.
        **options: What the candles do not say of themselves: `timezone` of times without one,
            `times="close"` where a row has the time of its close, `date_order` of texts such as
            01/02/2024, `floor_times=True` to move times to their minute, `zero_volume=True` where
            there is no volume, `file_symbol` where a column spells the symbol in another way.

    Returns:
        How many candles are new in the store or have other values there now.

    Raises:
        TypeError: It is no frame, or a word that is none of these.
        ValueError: What is wrong with the candles, and where.
        BacktestError: The store cannot be used.

    See: docs/candle-files.md
    """
    for word in options.keys() - FrameOptions.__annotations__.keys():
        raise TypeError(f"put has no {word!r}{nearest(word, FrameOptions.__annotations__)}")
    of = _instrument(instrument)
    asked = ImportOptions(**options, symbol=of.symbol, length_ms=_length_ms(interval))
    rows = _with_times(_pandas(frame))
    with tempfile.TemporaryDirectory(prefix="roehub-") as folder:
        checked = _checked(rows, Path(folder) / "frame.parquet", asked)
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
        ValueError: No such candles of the instrument are stored, whatever the range.
        BacktestError: The store cannot be used.

    See: docs/stores.md
    """
    of, length_ms = _instrument(instrument), _length_ms(interval)
    with _opened(store) as pool:
        found = latest_minutes(
            pool,
            of,
            start_ms=0 if start is None else _ms(start, "start"),
            stop_ms=END_MS if end is None else _ms(end, "end"),
            length_ms=length_ms,
        )
        if not len(found.ts_open):
            _require_stored(pool, of, length_ms)
    times = pd.to_datetime(found.ts_open, unit="ms", utc=True)
    frame = pd.DataFrame(dict(found.prices), index=pd.Index(times, name="ts_open"))
    return frame.rename(columns={"volume_base": "volume"})


def _pandas(frame: Any) -> pd.DataFrame:
    if isinstance(frame, pd.DataFrame):
        return frame
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.table(frame).to_pandas()
    raise TypeError(
        f"candles must be a frame of pandas, Polars or Arrow, was {type(frame).__name__}"
    )


def _with_times(frame: pd.DataFrame) -> pd.DataFrame:
    """With the index as a column, where it holds the times, and columns that have plain names."""
    if isinstance(frame.index, pd.PeriodIndex):
        frame = frame.to_timestamp()
    if isinstance(frame.columns, pd.MultiIndex):  # some write the symbol above or below each name
        levels = [i for i, names in enumerate(frame.columns.levels) if len(names) > 1]
        frame = frame.set_axis(frame.columns.get_level_values(levels[0] if levels else 0), axis=1)
    if isinstance(frame.index, pd.DatetimeIndex):
        name = str(frame.index.name or "ts_open")
        is_column = name in map(str, frame.columns)
        frame = frame.rename_axis(index=name).reset_index(drop=is_column)
    return frame.rename(columns=str)


def _checked(rows: pd.DataFrame, path: Path, asked: ImportOptions) -> "CheckedFile":
    try:
        rows.to_parquet(path, index=False)
        checked = check_file(path, _silent, asked)
    except (pa.ArrowException, BrokenFile, ValueError) as error:
        message = "; ".join(map(str, error.args)).removeprefix(f"{path}: ")
        raise ValueError(f"nothing was stored: {in_python(message)}") from None
    faults = [*checked.problems, *(f"{where}: {reason}" for where, reason in checked.reasons)]
    if faults:
        message = in_few([in_python(fault) for fault in faults])
        raise ValueError(f"nothing was stored:\n  {message}")
    return checked


def _require_stored(pool: ClickHousePool, of: Instrument, length_ms: int) -> None:
    wanted = _named(of, length_ms)
    stored = [_named(found.instrument, found.length_ms) for found in stored_instruments(pool)]
    if wanted not in stored:
        known = f"stored are {in_few(stored)}" if stored else "the store is empty"
        meant = nearest(wanted, stored) or f"; {known}"
        raise ValueError(f"no candles of {wanted} are stored{meant}")


def _named(instrument: Instrument, length_ms: int) -> str:
    return f"{instrument_key(instrument)} {spelled_length(length_ms)}"


@contextmanager
def _opened(store: Store) -> Generator[ClickHousePool]:
    environ = dict(os.environ) if store is None else {"ROEHUB_DATA_DIR": str(store)}
    pool = ClickHousePool(candle_target(load_deployment(environ).environment))
    try:
        yield pool
    finally:
        pool.close()


def _instrument(name: object) -> Instrument:
    try:
        return to_instrument(InstrumentId.model_validate(dict(instrument_id(name))))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise ValueError(f"{name!r} is not an instrument: {'; '.join(faults)}") from None


def _length_ms(interval: str) -> int:
    length_ms = parsed_length(interval)
    if length_ms is None or not is_storable(length_ms):
        raise ValueError(
            "interval must be a whole number of minutes that divides a day evenly, such as 1m, 15m,"
            f" 1h or 1d, was {interval!r}"
        )
    return length_ms


def _ms(value: object, name: str) -> int:
    return to_epoch_ms(datetime.fromisoformat(moment(value, name)))


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
    del done, total
