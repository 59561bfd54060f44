"""One file of an archive over HTTP: continued, tried again, verified, bounded.

See: docs/downloads.md#interrupted
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from threading import Event

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from backtest.adapters.archives.cache import CachedFile
from backtest.adapters.archives.layouts import Part

_ATTEMPTS = 6
_SILENCE_S = 10.0
_MOST_CHECKSUM_BYTES = 4_096
_LONGEST_WAIT_S = 600.0
# Binance answers 418 to an address that went on after 429.
_LATER = frozenset({418, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT})


class FetchFailed(Exception):
    """A file that could not be had, and why."""


class Unreachable(FetchFailed):
    """The server itself, and with it every other file."""


class Stopped(Exception):
    """The download was ended while this file was on its way."""


class _Retryable(Exception):
    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class _Unreachable(_Retryable):
    pass


def _lost(error: httpx.TransportError) -> _Retryable:
    reason = str(error) or type(error).__name__
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        return _Unreachable(reason)
    return _Retryable(f"the connection failed: {reason}")


class Fetcher:
    """Fetches files from one server; safe to call from several threads at once.

    Args:
        address: Of the server, with a path in front of the archive's own if it is a mirror.
        stop: Ends everything that waits or reads, once it is set.
        count: Told how many bytes arrived.
        first_wait_s: Before the second attempt where the server names no time; it doubles.
    """

    def __init__(
        self,
        address: str,
        *,
        stop: Event,
        count: Callable[[int], None],
        first_wait_s: float = 1.0,
    ) -> None:
        self._client = httpx.Client(
            base_url=address,
            follow_redirects=True,
            max_redirects=3,
            timeout=httpx.Timeout(_SILENCE_S),
            # What is published compressed is wanted as it is, and nothing else is unpacked here.
            headers={"Accept-Encoding": "identity", "User-Agent": "roehub-backtest"},
        )
        self._stop, self._count = stop, count
        self._not_before_s = 0.0
        doubled = wait_exponential(multiplier=first_wait_s, max=60)
        self._backoff = doubled + wait_random(0, first_wait_s)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def fetch(self, part: Part, file: CachedFile) -> Path | None:
        """The verified file, from the cache where it is there already.

        Returns:
            None if the archive has no such file.

        Raises:
            FetchFailed: It could not be had.
            Unreachable: Because the server cannot be reached at all.
            Stopped: The download was ended.
        """
        if file.is_whole:
            return file.path
        attempts = Retrying(
            retry=retry_if_exception_type(_Retryable),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=self._wait,
            sleep=sleep_using_event(self._stop),
            reraise=True,
        )
        try:
            return attempts(self._attempt, part, file)
        except _Unreachable as error:
            address = str(self._client.base_url).rstrip("/")
            raise Unreachable(f"{address} cannot be reached: {error}; try again later") from error
        except (_Retryable, httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchFailed(f"{part.name}: {error}") from error
        except OSError as error:
            raise FetchFailed(f"{part.name}: {error.filename}: {error.strerror}") from error

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked_s = error.wait_s if isinstance(error, _Retryable) else None
        return self._backoff(state) if asked_s is None else asked_s

    def _attempt(self, part: Part, file: CachedFile) -> Path | None:
        self._await_turn()
        if not self._download(part, file):
            return None
        if part.archive.checksum is not None:
            wanted, found = self._checksum(part), file.sha256()
            if found != wanted:
                file.discard()
                raise _Retryable(f"its SHA-256 is {found}, and the archive says {wanted}")
        return file.finish()

    def _await_turn(self) -> None:
        """A server that asks one thread to wait asks all of them."""
        self._stop.wait(max(self._not_before_s - time.monotonic(), 0.0))
        if self._stop.is_set():
            raise Stopped

    def _download(self, part: Part, file: CachedFile) -> bool:
        begun = file.begun()
        headers = {"Range": f"bytes={begun[0]}-", "If-Range": begun[1]} if begun else {}
        try:
            with self._client.stream("GET", part.path, headers=headers) as answer:
                if answer.status_code == HTTPStatus.NOT_FOUND:
                    return False
                if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    file.discard()
                    raise _Retryable("the partial download does not match the file")
                self._judge(answer)
                n_begun = begun[0] if begun and _continues(answer, begun[0]) else 0
                self._receive(answer, part, file, n_begun)
        except httpx.TransportError as error:
            raise _lost(error) from error
        return True

    def _receive(self, answer: httpx.Response, part: Part, file: CachedFile, n_begun: int) -> None:
        n_bytes, most = n_begun, part.archive.max_bytes
        announced = int(answer.headers.get("Content-Length", "0"))
        with file.writing(version=_version(answer), is_continued=n_begun > 0) as out:
            # As they arrive: what is gathered for greater chunks is lost with the connection.
            chunks = answer.iter_raw() if n_begun + announced <= most else [b""]
            for chunk in chunks:
                n_bytes += len(chunk)
                if self._stop.is_set():
                    raise Stopped
                if n_bytes > most:
                    break
                out.write(chunk)
                self._count(len(chunk))
        if max(n_bytes, n_begun + announced) > most:
            file.discard()
            raise FetchFailed(
                f"{part.name}: it is larger than {most >> 20} MiB, too large for a file of this"
                " archive"
            )

    def _judge(self, answer: httpx.Response) -> None:
        """Raise unless the body is what was asked for."""
        status = answer.status_code
        if status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            return
        wait_s = _retry_after_s(answer)
        reason = f"the server answered {status} {answer.reason_phrase}".rstrip()
        if status not in _LATER and status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise FetchFailed(f"{answer.url}: {reason}")
        if wait_s is not None and wait_s > _LONGEST_WAIT_S:
            raise FetchFailed(
                f"{answer.url}: {reason} and asks to wait {wait_s:.0f} s; try again later"
            )
        if wait_s is not None:
            self._not_before_s = max(self._not_before_s, time.monotonic() + wait_s)
        raise _Retryable(reason, wait_s)

    def _checksum(self, part: Part) -> str:
        """The SHA-256 that the archive publishes beside a file."""
        path = f"{part.path}{part.archive.checksum}"
        text = b""
        try:
            with self._client.stream("GET", path) as answer:
                self._judge(answer)
                for chunk in answer.iter_raw():
                    text += chunk
                    if len(text) > _MOST_CHECKSUM_BYTES:
                        break
        except httpx.TransportError as error:
            raise _lost(error) from error
        line = rb"([0-9a-fA-F]{64}) [ *]" + re.escape(part.name.encode()) + rb"\s*"
        found = re.fullmatch(line, text)
        if found is None:
            raise FetchFailed(f"{answer.url}: this is not a SHA-256 checksum of {part.name}")
        return found[1].decode().lower()


def _continues(answer: httpx.Response, n_bytes: int) -> bool:
    """Whether the body is the rest of the file; a changed file comes whole."""
    if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
        return False
    if not answer.headers.get("Content-Range", "").startswith(f"bytes {n_bytes}-"):
        raise FetchFailed(f"{answer.url}: the server sent another part than was asked for")
    return True


def _version(answer: httpx.Response) -> str | None:
    """What `If-Range` can name: a strong tag, otherwise a date."""
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified")


def _retry_after_s(answer: httpx.Response) -> float | None:
    """Seconds that the server asks to wait: a number or a date."""
    retry_after = answer.headers.get("Retry-After", "").strip()
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max((moment.astimezone(UTC) - datetime.now(UTC)).total_seconds(), 0.0)
