import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import dataset, parquet

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.folder import candle_files, opened_files, series_folder
from backtest.adapters.candles.schema import COLUMNS
from backtest.adapters.candles.series import StoredSeries
from backtest.adapters.candles.source import ALWAYS_MS, readable
from backtest.adapters.candles.table import (
    create_table,
    insert_minutes,
    latest_minutes,
    stored_instruments,
)
from backtest.control import Control
from backtest.errors import CandlesUnavailable
from backtest.types import MINUTE_MS, Instrument, Timeframe
from tests.backtest.adapters.minutes import MIDNIGHT_MS, minutes, random_minutes

INSTRUMENT = Instrument(market_id=1, symbol="X")
SERIES = StoredSeries(instrument=INSTRUMENT)
ODD_NAMES = ["a#b", "a?b", "a%41b", "a b", "a&b=1", "é", "a;b", "a*b{1,2}[c]", "a'b\"c\\d"]


def closes(pool: ClickHousePool, instrument: Instrument = INSTRUMENT) -> list[float]:
    buckets = ClickHouseCandles(pool).load(
        instrument, Timeframe.M1, start_ms=0, stop_ms=10**13, control=Control()
    )
    return buckets.close.tolist()


def insert(pool: ClickHousePool, text: str, ingested_at: int = 1) -> None:
    insert_minutes(pool, INSTRUMENT, minutes(text), source="test", ingested_at=ingested_at)


def python(script: str, *arguments: object, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "candles"


@pytest.fixture
def filled(folder: Path) -> Generator[ClickHousePool]:
    """A store of three minutes."""
    with closing(ClickHousePool(EmbeddedEngine(directory=folder))) as pool:
        create_table(pool)
        insert(pool, "1 2 3")
        assert closes(pool) == [1, 2, 3]
        yield pool


@pytest.mark.parametrize("is_copied", [False, True])
def test_a_folder_that_was_moved_away_is_said_and_works_again_when_it_is_back(
    filled: ClickHousePool, tmp_path: Path, is_copied: bool
) -> None:
    data, away = tmp_path / "data", tmp_path / "away"
    data.rename(away)

    for _ in range(2):
        with pytest.raises(CandlesUnavailable) as refused:
            closes(filled)
        with pytest.raises(CandlesUnavailable):
            ClickHouseCandles(filled).ping()
        assert "put it back" in refused.value.__notes__[0]
    if is_copied:
        shutil.copytree(away, data, symlinks=True)
    else:
        away.rename(data)

    assert closes(filled) == [1, 2, 3]


def test_a_folder_that_was_replaced_is_read_as_it_is_now(
    filled: ClickHousePool, tmp_path: Path
) -> None:
    (tmp_path / "data").rename(tmp_path / "away")
    (tmp_path / "data" / "candles").mkdir(parents=True)

    assert closes(filled) == []


def test_another_process_writes_while_this_one_reads(filled: ClickHousePool, folder: Path) -> None:
    script = """if True:
        import sys
        from pathlib import Path
        from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
        from tests.backtest.adapters.candles.test_embedded_store import closes, insert

        pool = ClickHousePool(EmbeddedEngine(directory=Path(sys.argv[1])))
        insert(pool, "- 7 - 4", ingested_at=2)
        print(closes(pool))
        pool.close()
    """

    theirs = python(script, folder)

    assert theirs == "[1.0, 7.0, 3.0, 4.0]\n"
    assert closes(filled) == [1, 7, 3, 4]


def test_what_was_opened_is_read_to_its_end_though_it_is_removed(
    filled: ClickHousePool, folder: Path
) -> None:
    insert(filled, "- - - 4")
    with readable(filled, "SELECT count() FROM market_data.canonical_candles_1m", SERIES) as sql:
        for file in candle_files(folder, SERIES):
            file.path.unlink()

        assert filled.run(lambda client: client.command(sql)) == 4

    assert closes(filled) == []


def test_files_that_go_between_the_listing_and_the_opening_are_listed_again(
    filled: ClickHousePool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = candle_files(folder, SERIES)
    open_, opened = os.open, list[Path]()

    def merging(path: Path, flags: int) -> int:
        opened.append(path)
        if len(opened) == 1:
            file.path.rename(file.path.with_name(file.path.name.replace(".parquet", "0.parquet")))
        return open_(path, flags)

    monkeypatch.setattr(os, "open", merging)
    with opened_files(folder, SERIES, start_ms=0, stop_ms=ALWAYS_MS[1]) as descriptors:
        assert len(descriptors) == 1
    assert len(opened) == 2


def test_stored_minutes_are_listed_again_where_a_merge_took_their_file(
    filled: ClickHousePool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the engine, and without a lock."""
    (file,) = candle_files(folder, SERIES)
    read_table, read = parquet.read_table, list[str]()

    def merging(path: str, **wanted: Any) -> Any:
        read.append(path)
        if len(read) == 1:
            file.path.rename(file.path.with_name(file.path.name.replace(".parquet", "0.parquet")))
        return read_table(path, **wanted)

    monkeypatch.setattr(parquet, "read_table", merging)

    found = latest_minutes(filled, INSTRUMENT, start_ms=0, stop_ms=10**13)

    assert found.prices["close"].tolist() == [1, 2, 3]
    assert len(read) == 2


def test_a_descriptor_that_is_another_file_now_is_read_anew(filled: ClickHousePool) -> None:
    for moment in range(2, 12):
        insert(filled, f"1 {moment} 3", ingested_at=moment)

        assert closes(filled) == [1, moment, 3]


def test_many_small_imports_make_few_files_and_lose_nothing(
    filled: ClickHousePool, folder: Path
) -> None:
    expected = [1.0, 2.0, 3.0]
    for i in range(1, 61):
        insert(filled, "- " * (i + 2) + f"{i}", ingested_at=i)
        expected.append(i)

    assert closes(filled) == expected
    files = candle_files(folder, SERIES)
    assert len(files) < 12
    assert sum(file.n_rows for file in files) == 63


def test_merging_files_picks_the_rows_that_a_query_picks(
    filled: ClickHousePool, folder: Path, served: ClickHousePool
) -> None:
    """Later `ingested_at` first, then greater bits; the server's query is the rule."""
    rng = np.random.default_rng(1)
    for i in range(40):
        given = random_minutes(20, seed=i, first_ms=MIDNIGHT_MS + int(rng.integers(30)) * MINUTE_MS)
        for pool in (filled, served):
            insert_minutes(pool, INSTRUMENT, given, source="t", ingested_at=int(i % 3))
    for pool in (filled, served):
        insert(pool, "1 2 3", ingested_at=5)

    assert len(candle_files(folder, SERIES)) < 12
    assert closes(filled) == closes(served)
    theirs, ours = (
        latest_minutes(pool, INSTRUMENT, start_ms=0, stop_ms=10**13) for pool in (served, filled)
    )
    assert ours.ts_open.tolist() == theirs.ts_open.tolist()
    assert ours.prices["volume_base"].tolist() == theirs.prices["volume_base"].tolist()


def test_writers_wait_for_each_other_and_lose_nothing(filled: ClickHousePool) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda i: insert(filled, "- " * (i + 3) + "9", i), range(24)))

    assert closes(filled) == [1, 2, 3, *[9] * 24]


def test_other_tools_read_the_files(filled: ClickHousePool, folder: Path) -> None:
    insert(filled, "- - - 4")

    rows = dataset.dataset(series_folder(folder, SERIES), format="parquet").to_table()

    assert rows.schema.names == list(COLUMNS)
    assert sorted(rows.column("close").to_pylist()) == [1, 2, 3, 4]
    assert set(rows.column("instrument_key").to_pylist()) == {"binance:spot:X"}
    (first, _) = candle_files(folder, SERIES)
    assert parquet.read_metadata(first.path).num_rows == 3


@pytest.mark.parametrize("name", ODD_NAMES)
def test_every_folder_keeps_its_own_candles(tmp_path: Path, name: str) -> None:
    with closing(ClickHousePool(EmbeddedEngine(directory=tmp_path / name))) as pool:
        create_table(pool)
        insert(pool, "1 2")
        insert(pool, "- 3 4", ingested_at=2)

        assert closes(pool) == [1, 3, 4]
        assert [stored.n_minutes for stored in stored_instruments(pool)] == [3]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "symbol", [".", "..", "A/B", "A~B", "%41", ".A", "*", "Б/'\"\\?", "L" * 300, "L" * 301]
)
def test_every_symbol_has_a_folder_of_its_own(filled: ClickHousePool, symbol: str) -> None:
    instrument = Instrument(market_id=1, symbol=symbol)

    insert_minutes(filled, instrument, minutes("5 6"), source="test", ingested_at=1)

    assert closes(filled, instrument) == [5, 6]
    assert closes(filled) == [1, 2, 3]
    found = {stored.instrument for stored in stored_instruments(filled)}
    assert found == {INSTRUMENT, instrument}


def test_a_fresh_directory_is_an_empty_store(tmp_path: Path) -> None:
    with closing(ClickHousePool(EmbeddedEngine(directory=tmp_path))) as pool:
        assert closes(pool) == []


@pytest.mark.parametrize("zone", ["garbage/zone", "Asia/Tokyo", ""])
def test_the_zone_of_the_machine_changes_nothing(tmp_path: Path, zone: str) -> None:
    script = """if True:
        import sys
        from pathlib import Path
        from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine

        pool = ClickHousePool(EmbeddedEngine(directory=Path(sys.argv[1])))
        print(pool.run(lambda client: client.command("SELECT toString(toDateTime(0)), timezone()")))
        pool.close()
    """

    told = python(script, tmp_path, TZ=zone)

    assert "1970-01-01 00:00:00" in told
    assert "UTC" in told


def test_a_closed_pool_does_not_open_the_engine_again(tmp_path: Path) -> None:
    pool = ClickHousePool(EmbeddedEngine(directory=tmp_path))
    pool.close()

    with pytest.raises(CandlesUnavailable):
        ClickHouseCandles(pool).ping()
