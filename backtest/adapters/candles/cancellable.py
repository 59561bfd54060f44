"""Queries of the candle store that a run can end.

See: docs/stores.md#ending-a-query
"""
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from clickhouse_connect.driver.client import Client
from numpy.typing import NDArray

from backtest.adapters.candles.complete_answer import fetch_columns
from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.series import StoredSeries
from backtest.adapters.candles.source import ALWAYS_MS, readable
from backtest.adapters.candles.watched_call import call_watched
from backtest.control import Control
from backtest.errors import CandlesUnavailable

_GRACE_S = 1.0
_KILL_SQL = (
    "KILL QUERY WHERE query_id = {token:String} OR Settings['log_comment'] = {token:String} ASYNC"
)


class CancellableQueries:
    """Asks the store, watches the control meanwhile, and ends what nobody waits for any more.

    Args:
        pool: Connections to the store.
        max_memory_bytes: What one query may take in the store.
    """

    def __init__(self, pool: ClickHousePool, *, max_memory_bytes: int) -> None:
        self._pool = pool
        self._max_memory_bytes = max_memory_bytes

    def ask(
        self, sql: str, series: StoredSeries | None, parameters: Mapping[str, Any], control: Control
    ) -> list[NDArray[Any]]:
        """The arrays of an answer.

        Args:
            sql: Of the form that `fetch_columns` takes.
            series: Whose candles it names by `CANDLE_TABLE`; None asks a server as it stands.
            parameters: Of the query.
            control: Ends the query, also on the server, when cancelled or out of time.

        Raises:
            CandlesUnavailable: The store cannot be reached or its answer is not complete.
            DeadlineExceeded: The control's deadline passed.
            RunCancelled: The control was cancelled.
        """
        token = str(uuid4())

        def query(client: Client, text: str) -> list[NDArray[Any]]:
            control.check()
            return fetch_columns(client, text, parameters, self._settings(token, control))

        def work() -> list[NDArray[Any]]:
            try:
                if series is None:
                    return self._pool.run(partial(query, text=sql))
                start_ms = parameters.get("start_ms", ALWAYS_MS[0])
                between_ms = start_ms, parameters.get("stop_ms", ALWAYS_MS[1])
                with readable(self._pool, sql, series, between_ms=between_ms) as text:
                    return self._pool.run(partial(query, text=text))
            except CandlesUnavailable:
                control.check()
                raise

        return call_watched(work, control=control, abandon=partial(self._kill, token))

    def _settings(self, token: str, control: Control) -> dict[str, Any]:
        """Per-query settings; the limit on time only backs up the watching thread."""
        settings: dict[str, Any] = {
            "log_comment": token,
            "max_memory_usage": self._max_memory_bytes,
        }
        remaining_s = control.remaining_s()
        if remaining_s is not None:
            settings["max_execution_time"] = round(remaining_s + _GRACE_S, 3)
        if not self._pool.is_embedded:
            settings |= {"query_id": token, "readonly": 2}
        return settings

    def _kill(self, token: str) -> None:
        """End a query by its token; a store that cannot be reached runs nothing for us."""
        try:
            self._pool.run(lambda client: client.command(_KILL_SQL, parameters={"token": token}))
        except CandlesUnavailable:
            return
