"""Connections to ClickHouse: a server, or the same engine inside this process.

Driver exceptions end here. What a client may read is the message of `CandlesUnavailable`; what an
operator needs (which process, which table, what the driver said) is attached as notes.
See: docs/stores.md
"""
# pyright: reportUnknownMemberType=false

import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import clickhouse_connect
from clickhouse_connect import common
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential
from urllib3.exceptions import HTTPError

from backtest.adapters.candles.embedded import open_engine
from backtest.adapters.candles.failures import (
    is_lost_connection,
    unavailable,
    unavailable_because,
)
from backtest.adapters.candles.profile import PINNED, forced_otherwise
from backtest.errors import CandlesUnavailable

T = TypeVar("T")

_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 120
_CLOSING_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedEngine:
    """ClickHouse inside this process, over Parquet files in a directory.

    Any number of processes may use the directory at once. Queries never make it, since it may have
    been moved away.
    """

    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickHouseServer:
    """Where a server is and who asks. `port` None means 8123, or 8443 with `secure`."""

    host: str
    port: int | None = None
    user: str | None = None
    password: str = field(default="", repr=False)
    database: str | None = None
    secure: bool = False
    verify: bool = True


ClickHouseTarget = EmbeddedEngine | ClickHouseServer


class ClickHousePool:
    """Clients of one target, one caller each; any thread may ask.

    Nothing is opened before the first call, so a service starts while its store is down and
    recovers when the store comes.
    """

    def __init__(self, target: ClickHouseTarget) -> None:
        self.target = target
        self._idle: list[Client] = []
        self._n_busy = 0
        self._state = threading.Condition()
        self._opening = threading.Lock()
        self._closed = False

    @property
    def is_embedded(self) -> bool:
        """Whether the engine runs inside this process."""
        return isinstance(self.target, EmbeddedEngine)

    def run(self, call: Callable[[Client], T]) -> T:
        """Hand a client to `call`; try again when the connection was refused or reset.

        Only for calls that may be repeated: queries, and inserts whose repetition changes
        nothing that a reader sees.

        Raises:
            CandlesUnavailable: Whatever the driver raised, chained and with notes.
        """
        return _answered(lambda: self._run_once(call))

    def run_apart(self, call: Callable[[Client], T], *, silence_s: int) -> T:
        """Like `run`, but a server that says nothing for `silence_s` seconds counts as down.

        The client is opened for this call alone, so that the limit holds for its opening too.

        Raises:
            CandlesUnavailable: As from `run`.
        """
        target = self.target
        if isinstance(target, EmbeddedEngine):
            return self.run(call)

        def once() -> T:
            with closing(_open_server(target, read_timeout_s=silence_s)) as client:
                return call(client)

        return _answered(once)

    def close(self) -> None:
        """Close idle clients, and busy ones as soon as they are handed back.

        Waits up to two seconds for these: a process should not end inside the engine, which is
        not opened again either.
        """
        with self._state:
            self._closed = True
            self._close_idle()
            self._state.wait_for(lambda: self._n_busy == 0, timeout=_CLOSING_S)

    def _run_once(self, call: Callable[[Client], T]) -> T:
        with self._borrowed() as client:
            return call(client)

    @contextmanager
    def _borrowed(self) -> Generator[Client]:
        with self._state:
            self._n_busy += 1
            client = self._idle.pop() if self._idle else None
        try:
            client = client or self._open()
            yield client
        except BaseException:
            if client is not None:
                client.close()
            self._hand_back(None)
            raise
        self._hand_back(client)

    def _hand_back(self, client: Client | None) -> None:
        """Keep a client that worked; one whose call failed is gone already."""
        with self._state:
            self._n_busy -= 1
            if client is not None:
                self._idle.append(client)
            if self._closed:
                self._close_idle()
            self._state.notify_all()

    def _close_idle(self) -> None:
        for client in self._idle:
            client.close()
        self._idle.clear()

    def _open(self) -> Client:
        if isinstance(self.target, ClickHouseServer):
            return _open_server(self.target)
        with self._opening:
            if self._closed:
                raise CandlesUnavailable
            return open_engine()


def _answered(once: Callable[[], T]) -> T:
    attempts = Retrying(
        retry=retry_if_exception(is_lost_connection),
        stop=stop_after_attempt(3),
        wait=wait_exponential(multiplier=0.1, max=1.0),
        reraise=True,
    )
    try:
        return attempts(once)
    except (ClickHouseError, HTTPError, OSError, EOFError) as error:
        raise unavailable(error) from error


def _open_server(server: ClickHouseServer, *, read_timeout_s: int = _READ_TIMEOUT_S) -> Client:
    """A client whose answers are whole, or none.

    Settings that the user's profile does not allow to change are left out, unless they decide
    about that.
    """
    common.set_setting("invalid_setting_action", "drop")
    client = clickhouse_connect.get_client(
        interface="https" if server.secure else "http",
        host=server.host,
        port=server.port or (8443 if server.secure else 8123),
        username=server.user,
        password=server.password,
        database=server.database,
        secure=server.secure,
        verify=server.verify,
        connect_timeout=_CONNECT_TIMEOUT_S,
        send_receive_timeout=read_timeout_s,
        autogenerate_session_id=False,
        query_retries=0,
        settings=PINNED,
    )
    refusals = tuple(forced_otherwise(client))
    if refusals:
        client.close()
        raise unavailable_because(*refusals)
    return client
