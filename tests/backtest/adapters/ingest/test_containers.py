"""What a file is, by its bytes: unpacked, or named where it holds no candles that can be read."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from backtest.adapters.ingest.options import ImportOptions
from tests.backtest.adapters.ingest.test_case_files import refusal
from tests.backtest.adapters.ingest.test_traps import MINUTES, OHLC, N, checked, lines, plain, times


def zipped(names: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in names.items():
            archive.writestr(name, text)
    return content.getvalue()


def with_password(content: bytes) -> bytes:
    """The flag of an encrypted member, in both of its headers."""
    central = content.index(b"PK\1\2")
    flagged = bytearray(content)
    flagged[6] |= 1
    flagged[central + 8] |= 1
    return bytes(flagged)


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(zipped({"candles.csv": plain()})),
        zipped({"README.txt": "hello", "LICENSE": "x", "candles.csv": plain(), "about.md": "y"}),
    ],
    ids=["a zip in gzip", "a zip with a readme"],
)
def test_what_lies_around_a_table_is_no_matter(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "candles"
    path.write_bytes(content)

    assert times(checked(path)) == MINUTES


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(plain().encode())[:-9], "truncated"),
        (with_password(zipped({"candles.csv": plain()})), "cannot be unpacked here"),
        (zipped({"mimetype": "x", "content.xml": "x"}), "OpenDocument"),
        (b"<!-- saved --><html></html>", "web page"),
        (b"\n <head><title>404</title>", "web page"),
        (b"\xff\xff\xff\xff\x10\0\0\0", "Arrow stream"),
        (b"ORC\n\0\1", "ORC"),
        (b"Obj\1\4", "Avro"),
        (b"DBN\1\0", "Databento"),
        (b"\0" * 8 + b"DUCK\0", "DuckDB"),
        (b"\x04\x22\x4d\x18\x60", "LZ4"),
        (b"]\0\0\x80\0", "bi5"),
        (b"\x91\1\0\0(C)opyright", "MetaTrader"),
        (b"id,price,qty,quote_qty,time\n1,100,2,200,1\n", "these are trades"),
        (b"[1704067200000,100,101,99,100.5,1]\n[17040672600", "line 2 is not JSON"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "candles"
    path.write_bytes(content)

    assert words in refusal(path, ImportOptions())


def test_numbers_too_large_for_a_machine_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "candles"
    path.write_text(json.dumps([[ms, 100, 101, 99, 100.5, 10**25] for ms in MINUTES]))

    assert times(checked(path)) == MINUTES


def test_wide_fixed_point_numbers_are_named(tmp_path: Path) -> None:
    names = [*OHLC.split(","), "volume"]
    columns = {name: pa.array([bytes(16)] * N, pa.binary(16)) for name in names}
    path = tmp_path / "candles"
    parquet.write_table(pa.table({**columns, "ts_event": pa.array(MINUTES)}), path)

    assert "holds bytes" in refusal(path, ImportOptions())


@pytest.mark.parametrize("name", ["time", "open", "volume", "symbol"])
@pytest.mark.parametrize(
    "value", [[1.0], {"a": 1.0}, b"\xff", "x"], ids=["list", "struct", "bytes", "text"]
)
def test_a_column_of_another_kind_is_refused_in_words(
    tmp_path: Path, name: str, value: object
) -> None:
    columns = {"time": MINUTES, **{price: [100.0] * N for price in OHLC.split(",")}}
    columns |= {"volume": [1.0] * N, "symbol": ["AAAUSDT"] * N, name: [value] * N}
    path = tmp_path / "candles"
    parquet.write_table(pa.table(columns), path)

    assert refusal(path, ImportOptions(symbol="AAAUSDT"))


def test_a_column_of_nulls_for_the_symbol_says_nothing(tmp_path: Path) -> None:
    columns = {"time": MINUTES, **{price: [100.0] * N for price in OHLC.split(",")}}
    path = tmp_path / "candles"
    parquet.write_table(pa.table({**columns, "volume": [1.0] * N, "symbol": pa.nulls(N)}), path)

    assert times(checked(path, ImportOptions(symbol="AAAUSDT"))) == MINUTES


@pytest.mark.parametrize("name", ["volume", "note"])
def test_columns_of_one_name_are_refused(tmp_path: Path, name: str) -> None:
    """Parquet is read by names: what stands behind the second one would be shifted."""
    columns = [MINUTES, [1.0] * N, [2.0] * N, *[[100.0] * N] * 4, [3.0] * N]
    names = ["time", name, name, *OHLC.split(","), "volume"]
    path = tmp_path / "candles"
    parquet.write_table(pa.table(list(map(pa.array, columns)), names=names), path)

    assert f"several columns are called {name}" in refusal(path, ImportOptions())


def test_what_is_unusual_about_the_numbers_is_said(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.write_text(lines(f"time,{OHLC},volume", "{t},100,101,99,100.5,0"))
    single = tmp_path / "single"
    names = [*OHLC.split(","), "volume"]
    prices = [pa.array([p] * N, pa.float32()) for p in (100.0, 101.0, 99.0, 100.5, 1.0)]
    parquet.write_table(pa.table([pa.array(MINUTES), *prices], names=["time", *names]), single)

    assert "every volume is 0" in " ".join(checked(mark).notes)
    assert "single precision" in " ".join(checked(single).notes)
