"""A store whose candles are tables of the engine, as an earlier version had them."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.table import create_table, insert_minutes, stored_instruments
from backtest.control import Control
from backtest.errors import CandlesUnavailable
from backtest.types import Instrument, Timeframe
from tests.backtest.adapters.minutes import minutes

# Fills a table of the engine; with a third word, goes on to hold it.
FILL = """
import os, sys
os.environ["TZ"] = "UTC"
import clickhouse_connect
from backtest.adapters.candles.schema import CANDLE_TABLE, DATABASE_DDL, TABLE_DDL
client = clickhouse_connect.get_client(interface="chdb", path=sys.argv[1])
client.command(DATABASE_DDL)
client.command(TABLE_DDL)
for symbol in ("OLD", "OLDER"):
    for moment, close in ((1, 5), (2, 7)):
        client.command(
            f"INSERT INTO {CANDLE_TABLE} SELECT 1, '{symbol}', 'binance:spot:{symbol}',"
            " fromUnixTimestamp64Milli(toInt64(1704067200000 + 60000 * number)) AS opened, opened,"
            f" {close}, {close}, {close}, {close} + number, 1, NULL, 7, NULL, NULL, 'import',"
            f" fromUnixTimestamp64Milli(toInt64({moment})), generateUUIDv4() FROM numbers(3)"
        )
print("ready", flush=True)
if len(sys.argv) > 2:
    sys.stdin.read()
client.close()
"""


def closes(pool: ClickHousePool, symbol: str) -> list[float]:
    buckets = ClickHouseCandles(pool).load(
        Instrument(market_id=1, symbol=symbol),
        Timeframe.M1,
        start_ms=0,
        stop_ms=10**13,
        control=Control(),
    )
    return buckets.close.tolist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "candles"
    folder.mkdir()
    subprocess.run([sys.executable, "-c", FILL, str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


def test_it_is_made_into_files_once_and_nothing_is_lost(folder: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    with closing(ClickHousePool(EmbeddedEngine(directory=folder))) as pool:
        with pytest.raises(CandlesUnavailable) as refused:
            closes(pool, "OLD")
        create_table(pool)
        create_table(pool)

        assert "candles list" in refused.value.__notes__[0]
        assert [closes(pool, symbol) for symbol in ("OLD", "OLDER")] == [[7, 8, 9], [7, 8, 9]]
        assert [stored.sources for stored in stored_instruments(pool)] == [("import",)] * 2
        insert_minutes(
            pool, Instrument(market_id=1, symbol="OLD"), minutes("1"), source="t", ingested_at=3
        )
        assert closes(pool, "OLD") == [1, 8, 9]
    assert {path.name for path in folder.iterdir()} == {"1", ".old-form"}
    assert {path.name for path in (folder / ".old-form").iterdir()} == before


def test_one_that_is_still_in_use_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "candles"
    folder.mkdir()
    arguments = [sys.executable, "-c", FILL, str(folder), "hold"]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        with closing(ClickHousePool(EmbeddedEngine(directory=folder))) as pool:
            with pytest.raises(CandlesUnavailable) as refused:
                create_table(pool)
            holder.communicate("")
            create_table(pool)

            assert "Stop every process that uses the folder" in refused.value.__notes__[0]
            assert closes(pool, "OLD") == [7, 8, 9]
