"""The suite of the `StrategyReader` port and its writer, over SQLite and over Postgres."""

import json
import socket
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from backtest.adapters.strategies import table
from backtest.adapters.strategies.reader import SqlStrategies
from backtest.adapters.strategies.table import STRATEGIES, open_engine, store_at
from backtest.adapters.strategies.writer import StrategyWriter
from backtest.errors import StrategiesUnavailable
from backtest.ports import SavedStrategy, StrategyReader
from tests.saved_spec import SPEC
from tests.waiting import wait_for
from trials.faults.proxy import Wire, wire_to

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
STORED: dict[str, Any] = {
    **SPEC,
    "signal_template": "ma.sma",
    "tags": ["Ä"],
    "execution": {"fee_pct": 0.0, "init_cash_quote": 10000.0, "fixed_quote": 100},
}


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'a folder' / 'strategies%20.sqlite'}"
    dsn: str = request.getfixturevalue("postgres")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS strategy_strategies")
    return dsn


@pytest.fixture
def writer(url: str) -> Generator[StrategyWriter]:
    writer = StrategyWriter(url)
    yield writer
    writer.close()


@pytest.fixture
def wire(postgres: str) -> Generator[Wire]:
    place = conninfo_to_dict(postgres)
    with wire_to(str(place["host"]), int(str(place["port"]))) as wire:
        yield wire


@pytest.fixture
def reader(url: str) -> Generator[StrategyReader]:
    reader = SqlStrategies(url)
    yield reader
    reader.close()


def add(
    writer: StrategyWriter,
    user_id: UUID | None = None,
    *,
    spec: dict[str, Any] = STORED,
    created_at: datetime = NOON,
) -> tuple[UUID, UUID]:
    strategy_id, owner = uuid4(), user_id or uuid4()
    writer.add(strategy_id=strategy_id, user_id=owner, name="one", spec=spec, created_at=created_at)
    return strategy_id, owner


def test_a_stored_spec_comes_back_as_it_was(writer: StrategyWriter, reader: StrategyReader) -> None:
    strategy_id, owner = add(writer)

    found = reader.find(strategy_id)

    assert found == SavedStrategy(
        strategy_id=strategy_id, user_id=owner, is_deleted=False, spec=STORED
    )
    assert found is not None
    assert json.dumps(found.spec) == json.dumps(STORED)


def test_a_strategy_takes_the_place_of_another_only_when_told_to(
    writer: StrategyWriter, reader: StrategyReader
) -> None:
    strategy_id, owner = add(writer)
    again: dict[str, Any] = {
        "strategy_id": strategy_id, "user_id": owner, "name": "b", "created_at": NOON,
        "spec": STORED | {"tags": ["new"]},
    }  # fmt: skip

    with pytest.raises(StrategiesUnavailable):
        writer.add(**again)
    writer.add(**again, replace=True)

    found = reader.find(strategy_id)
    assert found is not None
    assert found.spec["tags"] == ["new"]
    assert [line.name for line in writer.lines()] == ["b"]


def test_an_unknown_strategy_is_none(writer: StrategyWriter, reader: StrategyReader) -> None:
    add(writer)

    assert reader.find(uuid4()) is None


def test_a_deleted_strategy_says_so(writer: StrategyWriter, reader: StrategyReader) -> None:
    strategy_id, _ = add(writer)

    assert writer.delete(strategy_id)
    assert not writer.delete(strategy_id)

    found = reader.find(strategy_id)
    assert found is not None
    assert found.is_deleted


def test_deleting_what_is_not_there_is_false(writer: StrategyWriter) -> None:
    assert not writer.delete(uuid4())


def test_lines_are_oldest_first_and_of_one_owner(writer: StrategyWriter) -> None:
    late, owner = add(writer, created_at=NOON + timedelta(hours=1))
    early, _ = add(writer, owner)
    add(writer)
    writer.delete(late)

    assert [line.strategy_id for line in writer.lines(owner)] == [early]
    both = writer.lines(owner, with_deleted=True)
    assert [(line.strategy_id, line.is_deleted) for line in both] == [(early, False), (late, True)]
    assert both[0].created_at == NOON
    assert len(writer.lines()) == 2


def test_creating_the_store_twice_keeps_what_is_in_it(
    url: str, writer: StrategyWriter, reader: StrategyReader
) -> None:
    strategy_id, _ = add(writer)

    StrategyWriter(url).close()

    assert reader.find(strategy_id) is not None


def test_the_service_cannot_write(url: str, writer: StrategyWriter) -> None:
    strategy_id, _ = add(writer)
    engine = open_engine(store_at(url), is_read_only=True)
    statement = sa.delete(STRATEGIES).where(STRATEGIES.c.strategy_id == strategy_id)

    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(statement)

    engine.dispose()


def test_several_threads_read_at_once(writer: StrategyWriter, reader: StrategyReader) -> None:
    strategy_id, _ = add(writer)

    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(reader.find, [strategy_id] * 60))

    assert all(strategy is not None for strategy in found)


def test_a_spec_that_is_no_object_reads_as_empty(
    url: str, writer: StrategyWriter, reader: StrategyReader
) -> None:
    strategy_id, _ = add(writer)
    engine = open_engine(store_at(url), is_read_only=False)
    with engine.begin() as connection:
        connection.execute(sa.update(STRATEGIES).values(spec_json=[1]))
    engine.dispose()

    found = reader.find(strategy_id)

    assert found is not None
    assert found.spec == {}


def test_ping_answers(writer: StrategyWriter, reader: StrategyReader) -> None:
    reader.ping()


def test_a_missing_sqlite_file_is_an_empty_store(tmp_path: Path) -> None:
    reader = SqlStrategies(f"sqlite:///{tmp_path / 'strategies.sqlite'}")

    reader.ping()

    assert reader.find(uuid4()) is None
    reader.close()


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "strategies.sqlite"
    path.write_text("not a database, but long enough to be looked at" * 100, encoding="utf-8")
    reader = SqlStrategies(f"sqlite:///{path}")

    with pytest.raises(StrategiesUnavailable) as refused:
        reader.find(uuid4())

    assert refused.value.message == "The strategy store is not available"
    assert refused.value.__cause__ is not None
    reader.close()


def test_a_spec_that_was_cut_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "strategies.sqlite"
    writer = StrategyWriter(f"sqlite:///{path}")
    strategy_id, _ = add(writer)
    writer.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE strategy_strategies SET spec_json = substr(spec_json, 1, 20)")
    reader = SqlStrategies(f"sqlite:///{path}")

    with pytest.raises(StrategiesUnavailable):
        reader.find(strategy_id)

    reader.close()


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path, other = tmp_path / "strategies.sqlite", tmp_path / "other.sqlite"
    StrategyWriter(f"sqlite:///{path}").close()
    reader = SqlStrategies(f"sqlite:///{path}")
    reader.ping()
    writer = StrategyWriter(f"sqlite:///{other}")
    strategy_id, _ = add(writer)
    writer.close()

    other.replace(path)

    assert reader.find(strategy_id) is not None
    reader.close()


@pytest.mark.parametrize(
    "name", ["a#b", "a?b", "a%41b", "a&mode=memory", "a b", "a;b", "file:a", "a:b@c", "é", "it's"]
)
def test_every_folder_keeps_its_own_strategies(tmp_path: Path, name: str) -> None:
    neighbours = [tmp_path / other for other in ("a", "aAb", "a%2541b")]
    urls = [f"sqlite:///{place / 'strategies.sqlite'}" for place in (tmp_path / name, *neighbours)]
    for url in urls[1:]:
        StrategyWriter(url).close()
    writer = StrategyWriter(urls[0])
    strategy_id, _ = add(writer)
    writer.close()

    found = [reader.find(strategy_id) is not None for reader in map(SqlStrategies, urls)]

    assert found == [True, False, False, False]
    assert (tmp_path / name / "strategies.sqlite").is_file()


def test_a_folder_that_was_moved_away_is_said_and_works_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    folder, away = tmp_path / "data", tmp_path / "away"
    writer = StrategyWriter(f"sqlite:///{folder / 'strategies.sqlite'}")
    strategy_id, _ = add(writer)
    writer.close()
    reader = SqlStrategies(f"sqlite:///{folder / 'strategies.sqlite'}")
    folder.rename(away)

    with pytest.raises(StrategiesUnavailable) as refused:
        reader.find(strategy_id)
    with pytest.raises(StrategiesUnavailable):
        reader.ping()
    away.rename(folder)

    assert "put it back" in refused.value.__notes__[0]
    assert reader.find(strategy_id) is not None
    reader.close()


def test_a_missing_postgres_table_is_unavailable_to_the_service(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS strategy_strategies")
    reader = SqlStrategies(postgres)

    with pytest.raises(StrategiesUnavailable):
        reader.ping()

    reader.close()


@pytest.mark.parametrize("spelling", ["postgresql://", "postgres://", "postgresql+psycopg://"])
def test_every_spelling_of_a_dsn_is_understood(postgres: str, spelling: str) -> None:
    dsn = postgres.replace("postgresql://", spelling)

    StrategyWriter(dsn).close()
    reader = SqlStrategies(dsn)

    reader.ping()
    reader.close()


def test_a_dsn_of_pairs_is_understood(postgres: str) -> None:
    parts = conninfo_to_dict(postgres)
    pairs = " ".join(f"{name}={value}" for name, value in parts.items())

    StrategyWriter(pairs).close()


def test_a_dsn_that_is_none_is_not_repeated() -> None:
    with pytest.raises(StrategiesUnavailable) as refused:
        SqlStrategies("mysql://root:secret@nowhere/x")

    told = f"{refused.value} {refused.value.__notes__}"
    assert "not a Postgres connection string" in told
    assert "secret" not in told


def test_a_broken_connection_is_replaced(postgres: str) -> None:
    StrategyWriter(postgres).close()
    reader = SqlStrategies(postgres)
    reader.ping()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )

    reader.ping()

    reader.close()


def test_a_server_that_is_down_is_unavailable() -> None:
    reader = SqlStrategies("postgresql://nobody@127.0.0.1:1/none")

    with pytest.raises(StrategiesUnavailable):
        reader.find(uuid4())

    reader.close()


def test_a_server_that_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_swallow, args=(listener,), daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        reader = SqlStrategies(f"postgresql://x@127.0.0.1:{port}/y?connect_timeout=2")

        with pytest.raises(StrategiesUnavailable):
            reader.find(uuid4())

        reader.close()


def _write_table(url: str) -> None:
    StrategyWriter(url).close()


def _add(url: str) -> None:
    with closing(StrategyWriter(url, creates=False)) as writer:
        add(writer)


def _list(url: str) -> None:
    with closing(StrategyWriter(url, creates=False)) as writer:
        writer.lines()


def _delete(url: str) -> None:
    with closing(StrategyWriter(url, creates=False)) as writer:
        writer.delete(uuid4())


def _find(url: str) -> None:
    with closing(SqlStrategies(url)) as reader:
        reader.find(uuid4())


@pytest.mark.parametrize("moment", ["engine_connect", "commit"])
@pytest.mark.parametrize("use", [_write_table, _add, _list, _delete, _find])
def test_a_server_that_falls_silent_is_not_waited_for(
    postgres: str,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    use: Callable[[str], None],
    moment: str,
) -> None:
    limits: list[float] = []

    class FromSilence(threading.Timer):
        """Ends soon, but not before the server has fallen silent."""

        def run(self) -> None:
            limits.append(self.interval)
            wait_for(lambda: wire.state == "mute" or self.finished.is_set())
            self.interval = 0.1
            super().run()

    StrategyWriter(postgres).close()
    monkeypatch.setattr(threading, "Timer", FromSilence)
    url = make_conninfo(postgres, port=wire.port)

    def fall_silent(_: sa.Connection) -> None:
        wire.state = "mute"

    event.listen(sa.Engine, moment, fall_silent)
    try:
        with pytest.raises(StrategiesUnavailable):
            use(url)
    finally:
        event.remove(sa.Engine, moment, fall_silent)

    assert wire.state == "mute"
    assert set(limits) == {table.TIMEOUT_S}


def _swallow(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        while connection.recv(1024):
            pass
