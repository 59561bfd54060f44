"""Arrow reads ahead in a thread of its own: it finds broken rows while a chunk is in use."""

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from backtest.adapters.ingest import tables
from backtest.adapters.ingest.text import Form

FORM = Form(
    delimiter=",",
    names=("a",),
    tickers=(),
    n_preamble=0,
    n_above=1,
    has_decimal_commas=False,
    rows=(),
)


def test_a_broken_row_that_is_found_ahead_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found_ahead: list[tuple[int, str]] = []

    def batches(*given: Any) -> Iterator[pa.RecordBatch]:
        nonlocal found_ahead
        found_ahead = given[-1]
        yield pa.record_batch({"0": ["x", "y"]})
        yield pa.record_batch({"0": ["z"]})

    monkeypatch.setattr(tables, "_batches", batches)
    told: list[tuple[int, str]] = []
    lines: list[int] = []

    for chunk in tables._lines(io.BufferedReader(io.BytesIO()), FORM, 1, [0]):
        if not lines:
            found_ahead.append((4, "too short"))
        told += chunk.malformed
        lines += chunk.lines.tolist()

    assert told == [(4, "too short")]
    assert lines == [2, 3, 5]
