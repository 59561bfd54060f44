"""A ClickHouse server for tests: HTTP in front of the embedded engine, with faults on demand."""

import io
import re
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa

from backtest.adapters.candles.connection import ClickHousePool, ClickHouseServer, EmbeddedEngine
from backtest.adapters.candles.embedded import open_engine
from backtest.adapters.candles.profile import PINNED
from backtest.adapters.candles.schema import CANDLE_TABLE
from backtest.errors import CandlesUnavailable
from tests.waiting import PATIENCE_S

_INSERT = re.compile(r"\s*INSERT INTO (?P<table>\S+) \((?P<columns>.*)\)\s+FORMAT Arrow")


_SETTINGS_TABLE = "system.settings"

TABLE_FAULTS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "no row": lambda values: values,
    "no columns": lambda values: values,
    "short arrays": lambda values: values[:-1],
    "wrong types": lambda values: [str(value) for value in values],
    "rows duplicated": lambda values: [*values[:-1], values[0]],
    "rows unordered": lambda values: values[::-1],
}


class FakeServer(ThreadingHTTPServer):
    """What was asked is in `requests`; `fault` spoils what is asked about candles.

    `profile` holds settings of the asking user; those of `forced` cannot be changed by a query.
    A slow answer comes when its query was killed, or when all were `released`. A statement that
    begins with `lost` is executed, but its answer is lost, once; one that begins with `forbidden`
    is refused.
    """

    daemon_threads = True

    def __init__(self, engine: ClickHousePool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine = engine
        self.fault: str | None = None
        self.n_resets = 0
        self.lost = self.forbidden = "-"
        self.requests: list[dict[str, str]] = []
        self.killed: set[str] = set()
        self.released = threading.Event()
        self.profile: dict[str, str] = {}
        self.forced: frozenset[str] = frozenset()
        self._n_answering = 0
        self._is_closed = False
        self._state = threading.Condition()

    @property
    def target(self) -> ClickHouseServer:
        return ClickHouseServer(host="127.0.0.1", port=self.server_address[1], user="default")

    @contextmanager
    def answering(self) -> Generator[None]:
        """The engine is used only within this block, and never after `server_close`."""
        with self._state:
            if self._is_closed:
                raise ConnectionAbortedError
            self._n_answering += 1
        try:
            yield
        finally:
            with self._state:
                self._n_answering -= 1
                self._state.notify_all()

    def server_close(self) -> None:
        """Return when no answer is under way and none will be."""
        super().server_close()
        with self._state:
            self._is_closed = True
            assert self._state.wait_for(lambda: self._n_answering == 0, PATIENCE_S)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: FakeServer  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self._body()
        with self.server.answering():
            self._take(body)

    def _take(self, body: bytes) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query))
        insert = _INSERT.match(asked.get("query", ""))
        if insert is not None:
            self._insert(insert, body)
            return
        asked["sql"] = asked.get("query", "") + body.decode()
        self.server.requests.append(asked)
        if self.server.n_resets > 0:
            self.server.n_resets -= 1
            self.close_connection = True
            return
        is_spoiled = CANDLE_TABLE in asked["sql"]
        self._answer(asked, self.server.fault if is_spoiled else None)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nobody reads it."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _insert(self, insert: re.Match[str], body: bytes) -> None:
        columns = [name.strip(" `") for name in insert["columns"].split(",")]
        self.server.engine.run(
            lambda client: client.raw_insert(insert["table"], columns, body, fmt="Arrow")
        )
        self._send(200, b"")

    def _answer(self, asked: dict[str, str], fault: str | None) -> None:
        if asked["sql"].startswith("KILL"):
            self.server.killed.add(asked["param_token"])
            self._send(200, b"")
            return
        if fault == "slow":
            self._wait_until_killed(asked.get("log_comment", ""))
        if fault == "no table":
            self._send(404, b"Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)")
            return
        if asked["sql"].startswith(self.server.forbidden):
            self._send(403, b"Code: 497. DB::Exception: Not enough privileges.")
            return
        status, content = self._execute(asked)
        if asked["sql"].startswith(self.server.lost):
            self.server.lost, self.close_connection = "-", True
            return
        if fault == "wrong credentials":
            self._send(403, b"Code: 516. DB::Exception: Authentication failed.")
            return
        if fault in TABLE_FAULTS and status == 200:
            content = _spoiled(content, fault)
        if fault == "error after 200":
            content = content[:100] + b"Code: 241. DB::Exception: Memory limit exceeded"
        self._send(status, content, is_cut=fault == "cut")

    def _wait_until_killed(self, token: str) -> None:
        while token not in self.server.killed and not self.server.released.wait(0.01):
            pass

    def _execute(self, asked: dict[str, str]) -> tuple[int, bytes]:
        parameters = {
            name.removeprefix("param_"): _unescaped(value)
            for name, value in asked.items()
            if name.startswith("param_")
        }
        sql = asked["sql"]
        if _SETTINGS_TABLE in sql:
            sql = self._with_profile(sql)
        settings = self.server.profile | {
            name: asked[name] for name in PINNED.keys() & asked.keys() - self.server.forced
        }
        try:
            content = self.server.engine.run(
                lambda client: client.raw_query(sql, parameters=parameters, settings=settings)
            )
        except CandlesUnavailable as error:
            return 500, str(error.__cause__).encode()
        return 200, content

    def _with_profile(self, sql: str) -> str:
        """The query of settings, answered as for a user with the profile."""
        names, values = list(self.server.profile), list(self.server.profile.values())
        listed = f"""(SELECT name,
            transform(name, {names or [""]}, {values or [""]}, value) AS value,
            toUInt8(name IN {[*self.server.forced, ""]}) AS readonly
            FROM {_SETTINGS_TABLE})"""
        return sql.replace(_SETTINGS_TABLE, listed)

    def _send(self, status: int, content: bytes, *, is_cut: bool = False) -> None:
        self.send_response(status)
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.send_header("X-ClickHouse-Format", "Native")
        self.send_header("Content-Length", str(len(content)))
        if status != 200:
            self.send_header("X-ClickHouse-Exception-Code", content.split()[1].strip(b".").decode())
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if is_cut else content)
        self.close_connection = is_cut


def _unescaped(value: str) -> str:
    """Parameters travel in the escapes of the tab-separated format."""
    letters = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}
    return re.sub(r"\\(.)", lambda found: letters.get(found[1], found[1]), value, flags=re.DOTALL)


def _spoiled(content: bytes, fault: str) -> bytes:
    """A valid answer of the same columns that lacks its row, or whose arrays lost an element."""
    table = pa.ipc.open_file(io.BytesIO(content)).read_all()
    if fault == "no row":
        table = table.slice(0, 0)
    elif fault == "no columns":
        table = table.select(table.column_names[:2])
    else:
        (row,) = table.to_pylist()
        changed = {
            name: TABLE_FAULTS[fault](value) if isinstance(value, list) else value
            for name, value in row.items()
        }
        schema = None if fault == "wrong types" else table.schema
        table = pa.Table.from_pylist([changed], schema=schema)
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@contextmanager
def table_engine() -> Generator[ClickHousePool]:
    """The engine inside this process with tables of its own, in memory, while the block lasts."""
    # The engine forgets its tables when its last client goes, as each goes whose call fails.
    with (
        closing(open_engine()) as keeper,
        closing(ClickHousePool(EmbeddedEngine(directory=Path()))) as pool,
    ):
        yield pool
        keeper.command("DROP DATABASE IF EXISTS market_data")


@contextmanager
def running_server(engine: ClickHousePool) -> Generator[FakeServer]:
    server = FakeServer(engine)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
