"""Candles as Arrow tables: their columns, and the row of each minute that a reader sees.

See: docs/stores.md#the-embedded-store
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import parquet
from pyarrow.fs import LocalFileSystem

from backtest.adapters.candles.failures import unreadable
from backtest.adapters.candles.schema import COLUMNS

_MOMENT = pa.timestamp("ms", "UTC")
_ARROW_TYPES = {
    "UInt16": pa.uint16(),
    "Nullable(UInt32)": pa.uint32(),
    "DateTime64(3, 'UTC')": _MOMENT,
    "Float64": pa.float64(),
    "Nullable(Float64)": pa.float64(),
}
SCHEMA = pa.schema([(name, _ARROW_TYPES.get(kind, pa.string())) for name, kind in COLUMNS.items()])

PRICE_COLUMNS = ("open", "high", "low", "close", "volume_base")
# Of rows with the same `ingested_at`, the greatest bit pattern wins, compared in this order.
_TIE_BREAKERS = ("close", "open", "high", "low", "volume_base")


def read_rows(
    paths: Iterable[Path], *, start_ms: int, stop_ms: int, columns: Sequence[str] | None = None
) -> Any:
    """The rows of some files with `start_ms <= ts_open < stop_ms`, replaced ones included.

    Raises:
        CandlesUnavailable: A file is damaged; the notes name it.
        FileNotFoundError: A file is gone.
    """
    moment = pc.field("ts_open")
    is_inside = (moment >= _scalar(start_ms)) & (moment < _scalar(stop_ms))
    names = list(columns or SCHEMA.names)
    tables = [_read(path, columns=names, filters=is_inside) for path in paths]
    return pa.concat_tables(tables) if tables else SCHEMA.empty_table().select(names)


def _read(path: Path, **wanted: Any) -> Any:
    try:
        return parquet.read_table(
            str(path),
            filesystem=LocalFileSystem(),
            partitioning=None,  # pyright: ignore[reportArgumentType]
            page_checksum_verification=True,
            **wanted,
        )
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from error


def to_schema(rows: Any) -> Any:
    """The columns of a stored candle, null where the rows have none."""
    missing = pa.nulls(rows.num_rows)
    columns = [rows.column(name) if name in rows.column_names else missing for name in SCHEMA.names]
    return pa.table(columns, names=SCHEMA.names).cast(SCHEMA)


def _scalar(moment_ms: int) -> Any:
    return pa.scalar(moment_ms, _MOMENT)


def symbol_in(path: Path) -> str:
    """Whose candles a file holds."""
    return str(_read(path, columns=["symbol"]).column("symbol")[0].as_py())


def newest_rows(rows: Any) -> Any:
    """The row of each minute that a reader sees, in ascending order; as the roll-up picks them."""
    opens = milliseconds(rows, "ts_open")
    if np.all(np.diff(opens) > 0):
        return rows
    bits = [_floats(rows, name).view(np.uint64) for name in reversed(_TIE_BREAKERS)]
    # The last key sorts first; whatever descends is turned around.
    order = np.lexsort([*(~column for column in bits), -milliseconds(rows, "ingested_at"), opens])
    is_first = np.concatenate(([True], np.diff(opens[order]) > 0))
    return rows.take(pa.array(order[is_first]))


def milliseconds(rows: Any, name: str) -> Any:
    """A column of moments as int64."""
    return np.array(rows.column(name).cast(pa.int64()).to_numpy())


def _floats(rows: Any, name: str) -> Any:
    return np.array(rows.column(name).to_numpy(), dtype=np.float64)
