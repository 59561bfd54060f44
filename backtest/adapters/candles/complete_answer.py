"""Answers that prove themselves complete.

A ClickHouse server can fail after it has answered 200, and a proxy can cut an answer short. Every
query of the candle store therefore answers with exactly one row: a count, then arrays that must
have that length.
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from numpy.typing import NDArray

from backtest.errors import CandlesUnavailable

INCOMPLETE = "The answer of the candle store was not complete"


def fetch_columns(
    client: Client,
    sql: str,
    parameters: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
) -> list[NDArray[Any]]:
    """Run a query that answers `count(), groupArray(a), groupArray(b), …`.

    Arrow carries it: for half a million minutes it is twice as fast as the driver's own decoding.

    Returns:
        The arrays, contiguous, writable, all of the length that the count says.

    Raises:
        CandlesUnavailable: The answer is not complete, or not Arrow.
    """
    try:
        table = client.query_arrow(sql, dict(parameters), dict(settings or {}))
        columns = [column.combine_chunks() for column in table.columns]
    except pa.ArrowException as error:
        raise CandlesUnavailable(INCOMPLETE) from error
    if table.num_rows != 1 or not all(pa.types.is_list(column.type) for column in columns[1:]):
        raise CandlesUnavailable(INCOMPLETE)
    count = columns[0][0].as_py()
    arrays = [np.array(column.flatten()) for column in columns[1:]]
    if any(len(array) != count for array in arrays):
        raise CandlesUnavailable(INCOMPLETE)
    return arrays
