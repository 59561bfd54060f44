"""A store that is down, slow, cut or lying gives an error, never half an answer."""

import socket
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from backtest.adapters.candles import feed as clickhouse
from backtest.adapters.candles.connection import ClickHousePool, ClickHouseServer, EmbeddedEngine
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.schema import CANDLE_TABLE
from backtest.adapters.candles.table import insert_minutes
from backtest.control import Control
from backtest.errors import CandlesUnavailable, DeadlineExceeded, RunCancelled
from backtest.ports import Buckets, CandleFeed
from backtest.types import Instrument, Timeframe
from tests.backtest.adapters.clickhouse_server import TABLE_FAULTS, FakeServer
from tests.backtest.adapters.minutes import MIDNIGHT_MS, a_new_instrument, minutes, random_minutes
from tests.waiting import PATIENCE_S, wait_for

FAR_MS = MIDNIGHT_MS + 10**11


@pytest.fixture
def instrument(served: ClickHousePool) -> Instrument:
    instrument = a_new_instrument()
    insert_minutes(served, instrument, minutes("1 2 3"), source="test", ingested_at=1)
    return instrument


@pytest.fixture
def feed(server: FakeServer) -> Generator[CandleFeed]:
    pool = ClickHousePool(server.target)
    yield ClickHouseCandles(pool)
    pool.close()


def load(feed: CandleFeed, instrument: Instrument, control: Control | None = None) -> Buckets:
    return feed.load(
        instrument,
        Timeframe.M1,
        start_ms=MIDNIGHT_MS,
        stop_ms=FAR_MS,
        control=control or Control(),
    )


def notes(error: BaseException) -> str:
    return "\n".join(getattr(error, "__notes__", ()))


@pytest.mark.parametrize("fault", [*TABLE_FAULTS, "error after 200", "cut", "wrong credentials"])
def test_an_incomplete_answer_is_no_answer(
    server: FakeServer, feed: CandleFeed, instrument: Instrument, fault: str
) -> None:
    server.fault = fault

    with pytest.raises(CandlesUnavailable):
        load(feed, instrument)


def test_the_next_request_works_after_a_failure(
    server: FakeServer, feed: CandleFeed, instrument: Instrument
) -> None:
    server.fault = "cut"
    with pytest.raises(CandlesUnavailable):
        load(feed, instrument)

    server.fault = None

    assert load(feed, instrument).close.tolist() == [1, 2, 3]


def test_an_import_survives_the_loss_of_any_of_its_answers(
    server: FakeServer, served: ClickHousePool
) -> None:
    for lost in ("CREATE TABLE", "OPTIMIZE", "DROP TABLE"):
        server.lost, instrument = lost, a_new_instrument()
        with closing(ClickHousePool(server.target)) as pool:
            insert_minutes(pool, instrument, minutes("1 2 3"), source="test", ingested_at=1)

        assert server.lost == "-"
        assert staged_tables(served) == []
        assert len(load(ClickHouseCandles(served), instrument).ts_open) == 3


def test_a_table_that_cannot_be_cleared_away_undoes_no_import(
    server: FakeServer, served: ClickHousePool
) -> None:
    server.forbidden, instrument = "DROP TABLE", a_new_instrument()
    with closing(ClickHousePool(server.target)) as pool:
        insert_minutes(pool, instrument, minutes("1 2 3"), source="test", ingested_at=1)

    (left,) = staged_tables(served)
    served.run(lambda client: client.command(f"DROP TABLE market_data.{left} SYNC"))
    assert len(load(ClickHouseCandles(served), instrument).ts_open) == 3


def staged_tables(pool: ClickHousePool) -> list[str]:
    sql = "SELECT name FROM system.tables WHERE startsWith(name, 'staged_candles_')"
    return [row[0] for row in pool.run(lambda client: client.query(sql)).result_rows]


def test_a_reset_connection_is_tried_again(
    server: FakeServer, feed: CandleFeed, instrument: Instrument
) -> None:
    load(feed, instrument)

    server.n_resets = 2

    assert load(feed, instrument).close.tolist() == [1, 2, 3]


def test_a_server_that_refuses_is_unavailable(instrument: Instrument) -> None:
    pool = ClickHousePool(ClickHouseServer(host="127.0.0.1", port=1))

    with pytest.raises(CandlesUnavailable) as refused:
        load(ClickHouseCandles(pool), instrument)

    assert refused.value.__cause__ is not None
    assert refused.value.message == "The candle store is not available"


def test_ping_tells_that_the_table_is_missing(server: FakeServer, feed: CandleFeed) -> None:
    server.fault = "no table"

    with pytest.raises(CandlesUnavailable) as missing:
        feed.ping()

    assert "candles import" in notes(missing.value)


def test_ping_gives_up_on_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clickhouse, "_PING_SILENCE_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = ClickHouseServer(host="127.0.0.1", port=silent.getsockname()[1])

        with ThreadPoolExecutor(1) as thread, pytest.raises(CandlesUnavailable):
            thread.submit(ClickHouseCandles(ClickHousePool(target)).ping).result(PATIENCE_S)


def test_queries_are_limited_marked_and_read_only(
    server: FakeServer, feed: CandleFeed, instrument: Instrument
) -> None:
    load(feed, instrument, Control(7_000.0))

    asked = server.requests[-1]
    assert asked["readonly"] == "2"
    assert asked["query_id"] == asked["log_comment"]
    assert 7_000.0 - PATIENCE_S < float(asked["max_execution_time"]) <= 7_001.0
    assert int(asked["max_memory_usage"]) > 0


def test_a_cancelled_run_returns_without_its_answer_and_kills_its_query(
    server: FakeServer, feed: CandleFeed, instrument: Instrument
) -> None:
    server.fault = "slow"
    control = Control()
    with ThreadPoolExecutor(1) as thread:
        run = thread.submit(load, feed, instrument, control)
        wait_for(lambda: any(CANDLE_TABLE in asked["sql"] for asked in server.requests))
        (asked,) = (asked for asked in server.requests if CANDLE_TABLE in asked["sql"])
        control.cancel()

        with pytest.raises(RunCancelled):
            run.result(PATIENCE_S)

    wait_for(lambda: asked["query_id"] in server.killed)


def test_a_slow_server_meets_the_deadline(
    server: FakeServer, feed: CandleFeed, instrument: Instrument
) -> None:
    server.fault = "slow"

    with pytest.raises(DeadlineExceeded):
        load(feed, instrument, Control(0.3))

    assert not server.released.is_set()


def test_a_deadline_frees_the_embedded_engine(pool: ClickHousePool) -> None:
    instrument = a_new_instrument()
    for seed in range(3):
        insert_minutes(
            pool, instrument, random_minutes(525_600, seed), source="test", ingested_at=seed
        )

    with pytest.raises(DeadlineExceeded):
        load(ClickHouseCandles(pool), instrument, Control(0.1))

    wait_for(lambda: _n_running(pool) == 0)


def _n_running(pool: ClickHousePool) -> int:
    sql = "SELECT toInt32(count()) FROM system.processes WHERE Settings['log_comment'] != ''"
    return int(pool.run(lambda client: client.query(sql).result_rows[0][0]))


def test_two_folders_in_one_process_are_two_stores(
    pool: ClickHousePool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = ClickHousePool(EmbeddedEngine(directory=tmp_path_factory.mktemp("other")))
    instrument = a_new_instrument()

    insert_minutes(pool, instrument, minutes("1 2 3"), source="test", ingested_at=1)
    insert_minutes(other, instrument, minutes("4"), source="test", ingested_at=1)

    assert load(ClickHouseCandles(pool), instrument).close.tolist() == [1, 2, 3]
    assert load(ClickHouseCandles(other), instrument).close.tolist() == [4]
    other.close()


def test_candles_outlive_the_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("kept")
    script = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from backtest.adapters.candles.table import *\n"
        "from backtest.adapters.candles.connection import *\n"
        "from backtest.types import Instrument\n"
        "pool = ClickHousePool(EmbeddedEngine(directory=Path(sys.argv[1])))\n"
        "create_table(pool)\n"
        "columns = dict.fromkeys(PRICE_COLUMNS, np.ones(5))\n"
        "found = stored_instruments(pool)\n"
        "given = Minutes(ts_open=60_000 * np.arange(5), columns=columns)\n"
        "insert_minutes(pool, Instrument(market_id=1, symbol='KEPT'), given, source='test',"
        " ingested_at=1)\n"
        "print(sum(stored.n_rows for stored in found))\n"
    )

    runs = [
        subprocess.run(
            [sys.executable, "-c", script, str(directory)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]

    assert runs == ["0", "5"]
