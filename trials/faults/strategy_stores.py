"""Stores of saved strategies that break on demand: Postgres behind a wire, SQLite in a file."""

import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from backtest.adapters.strategies.writer import StrategyWriter
from tests.backtest.adapters.postgres_server import running_postgres
from tests.bff.doubles import USER
from tests.saved_spec import SPEC
from trials.faults.asking import STRATEGY
from trials.faults.proxy import Wire, wire_to

HIDE = "ALTER TABLE strategy_strategies RENAME TO hidden"
SHOW = "ALTER TABLE hidden RENAME TO strategy_strategies"
LOCK = "LOCK TABLE strategy_strategies IN ACCESS EXCLUSIVE MODE"
CUT_SPEC = "UPDATE strategy_strategies SET spec_json = substr(spec_json, 1, 20)"
BROKEN_LINES = ("refused", "reset", "mute", "cut")
PAGE_BYTES = 4096
RUN_SQL = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
print(flush=True)
sys.stdin.read()
"""


class StrategyStore(Protocol):
    """One saved strategy, and the ways in which asking for it can fail."""

    name: str
    faults: tuple[str, ...]
    environ: Mapping[str, str]  # what leads the service to the store

    def spoil(self, fault: str) -> None: ...

    def mend(self) -> None: ...


StoreOpener = Callable[[Path], AbstractContextManager[StrategyStore]]


class PostgresStore:
    """`wire` stands between the service and the server; `admin` goes past it."""

    name: str = "Postgres"
    faults: tuple[str, ...] = (*BROKEN_LINES, "no table", "table locked")

    def __init__(self, dsn: str, wire: Wire, admin: psycopg.Connection) -> None:
        self.environ: Mapping[str, str] = {"STRATEGY_PG_DSN": make_conninfo(dsn, port=wire.port)}
        self.wire = wire
        self._admin = admin
        self._is_hidden = False

    def spoil(self, fault: str) -> None:
        if fault == "no table":
            self._admin.execute(HIDE)
            self._admin.commit()
            self._is_hidden = True
        elif fault == "table locked":
            self._admin.execute(LOCK)
        else:
            self.wire.state = fault

    def mend(self) -> None:
        self._admin.rollback()
        if self._is_hidden:
            self._admin.execute(SHOW)
            self._admin.commit()
            self._is_hidden = False
        if self.wire.state != "whole":
            self.wire.state = "whole"


class SqliteStore:
    """The file in the data directory, written to by other processes; mended from a copy."""

    name: str = "SQLite"
    faults: tuple[str, ...] = (
        "not a database",
        "pages damaged",
        "no table",
        "spec cut",
        "file locked",
    )

    def __init__(self, path: Path) -> None:
        self.environ: Mapping[str, str] = {"ROEHUB_STRATEGIES": "embedded"}
        self._path = path
        self._copy = path.read_bytes()
        self._locker: subprocess.Popen[bytes] | None = None

    def spoil(self, fault: str) -> None:
        statements = {"no table": HIDE, "spec cut": CUT_SPEC}
        if fault == "file locked":
            self._locker = self._started("BEGIN EXCLUSIVE")
        elif fault == "not a database":
            self._path.write_bytes(b"?" * len(self._copy))
        elif fault == "pages damaged":
            damaged = b"?" * (len(self._copy) - PAGE_BYTES)
            self._path.write_bytes(self._copy[:PAGE_BYTES] + damaged)
        else:
            _end(self._started(statements[fault]))

    def mend(self) -> None:
        if self._locker is not None:
            _end(self._locker)
            self._locker = None
        restored = self._path.with_suffix(".restored")
        restored.write_bytes(self._copy)
        restored.replace(self._path)

    def _started(self, statement: str) -> subprocess.Popen[bytes]:
        """A process that has run a statement and keeps its connection until it is ended."""
        process = subprocess.Popen(
            [sys.executable, "-c", RUN_SQL, self._path, statement],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline()
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.communicate()


@contextmanager
def postgres_store(_: Path) -> Generator[PostgresStore]:
    """A server of its own; skips the test where there is none to start."""
    with running_postgres() as dsn:
        _save(dsn)
        place = conninfo_to_dict(dsn)
        with (
            wire_to(str(place["host"]), int(str(place["port"]))) as wire,
            psycopg.connect(dsn) as admin,
        ):
            yield PostgresStore(dsn, wire, admin)


@contextmanager
def sqlite_store(data_dir: Path) -> Generator[SqliteStore]:
    """Where the service looks by default."""
    path = data_dir / "strategies.sqlite"
    _save(f"sqlite:///{path}")
    store = SqliteStore(path)
    yield store
    store.mend()


def _save(url: str) -> None:
    writer = StrategyWriter(url)
    writer.add(
        strategy_id=STRATEGY,
        user_id=USER,
        name="mine",
        spec=SPEC,
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
    )
    writer.close()
