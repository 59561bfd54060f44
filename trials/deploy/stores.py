"""Postgres with the users of docs/stores.md, and a ClickHouse server with nothing in it.

`python -m trials.deploy.stores` is that server: HTTP before the embedded engine. It prints its port
and serves until its standard input closes.
"""

import sys

import psycopg

from benchmarks.machine import ROOT
from tests.backtest.adapters.clickhouse_server import running_server, table_engine
from tests.backtest.adapters.migrations.test_rights import statements

RIGHTS = ROOT / "docs" / "stores.md"


def main() -> None:
    with table_engine() as engine, running_server(engine) as server:
        print(server.server_address[1], flush=True)
        sys.stdin.read()


class Rights:
    """The statements of the page, before and after the tables are made."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        *self._first, self._select, self._saving = statements(RIGHTS.read_text(encoding="utf-8"))

    def of(self, user: str) -> str:
        """The DSN of a user."""
        return self._dsn.replace("tester@", f"{user}@")

    def make_users(self) -> None:
        """And let one of them make tables."""
        self._run(*self._first)

    def let_read(self) -> None:
        """The service may read, not write."""
        self._run(self._select)

    def _run(self, *sql: str) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            for statement in sql:
                connection.execute(statement.encode())


if __name__ == "__main__":
    main()
