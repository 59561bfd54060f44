"""A Redis in which several processes count what users take.

Nothing depends on it but the count: a store that does not answer in time is left alone for a
moment, and meanwhile each process counts for itself.
See: docs/deploy.md#several-processes-and-machines
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import structlog
from throttled.exceptions import StoreUnavailableError
from throttled.store import RedisStore

from bff.telemetry.failures import without_secrets

log = structlog.stdlib.get_logger(__name__)

ANSWER_S = 0.1
AGAIN_AFTER_S = 2.0
THREADS = 8


class QuotaStore:
    """Counts of all processes that name the same store; it is not contacted yet.

    Args:
        url: `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS.
    """

    def __init__(self, url: str) -> None:
        self.counts = RedisStore(server=url, options=_options())
        self._threads = ThreadPoolExecutor(THREADS, "quota")
        self._state = threading.Lock()
        self._silent_until = float("-inf")
        self._is_lost = False

    def answers(self, question: Callable[[], None]) -> bool:
        """Ask; False where the store did not answer, or was silent a moment ago."""
        if time.monotonic() < self._silent_until:
            return False
        try:
            question()
        except StoreUnavailableError as exc:
            self._lose(exc)
            return False
        except Exception:
            self._find()  # a refusal is an answer
            raise
        self._find()
        return True

    async def in_thread(self, work: Callable[[], None]) -> None:
        """Let a thread wait for the store; where the machine has none left, this one does."""
        try:
            doing: Future[None] = self._threads.submit(work)
        except RuntimeError:
            work()
        else:
            await asyncio.wrap_future(doing)

    def problem(self) -> str | None:
        """Why it cannot be used now, for people."""
        try:
            self.counts.exists("roehub:ping")
        except StoreUnavailableError as exc:
            return f"{_reason(exc)}; until Redis answers, each process counts quotas separately"
        return None

    def close(self) -> None:
        """Let questions under way end."""
        self._threads.shutdown()

    def _lose(self, exc: StoreUnavailableError) -> None:
        with self._state:
            self._silent_until = time.monotonic() + AGAIN_AFTER_S
            is_news, self._is_lost = not self._is_lost, True
        if is_news:
            log.warning("quota_store_lost", reason=_reason(exc))

    def _find(self) -> None:
        if not self._is_lost:
            return
        with self._state:
            is_news, self._is_lost = self._is_lost, False
        if is_news:
            log.warning("quota_store_recovered")


def _reason(exc: StoreUnavailableError) -> str:
    return without_secrets(str(exc.__cause__))


def _options() -> dict[str, Any]:
    """No question takes longer than two answers may; a connection that has died is made anew."""
    from redis.backoff import NoBackoff  # noqa: PLC0415 - an optional extra
    from redis.exceptions import ConnectionError as Lost  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    return {
        "SOCKET_TIMEOUT": ANSWER_S,
        "SOCKET_CONNECT_TIMEOUT": ANSWER_S,
        "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 1, supported_errors=(Lost,))},
    }
