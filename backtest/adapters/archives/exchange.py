"""The last hours, and exchanges without an archive: candles from an exchange's API through ccxt.

ccxt is an extra: it is large, and an archive is better where there is one.
See: docs/downloads.md#from-an-exchange
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from backtest.adapters.archives.download import Intake, Listener, Outcome, Wanted
from backtest.adapters.archives.layouts import Period, midnight_ms
from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.coverage import coverage
from backtest.adapters.ingest.importer import BrokenFile
from backtest.types import DAY_MS, HOUR_MS, MINUTE_MS, Instrument

_ROWS_AT_ONCE = 1_000
_ATTEMPTS = 6
_OPTIONS = {"enableRateLimit": True, "timeout": 10_000}

Row = Sequence[float]


class NotOffered(Exception):
    """What an exchange does not have, or what it says about a question."""


class Exchange:
    """One instrument of an exchange.

    Args:
        name: As ccxt spells it, such as `kraken`.
        instrument: Whose candles; `spelling` is how the exchange spells it, otherwise its id or
            base and quote in one word.
        source: Another address of the same API.
        first_wait_s: Before the second attempt; it doubles.

    Raises:
        NotOffered: ccxt is not installed, or does not know the exchange, or that the instrument.
    """

    def __init__(
        self,
        name: str,
        instrument: Instrument,
        *,
        spelling: str | None = None,
        source: str | None = None,
        first_wait_s: float = 1.0,
    ) -> None:
        self._ccxt = _ccxt()
        if name not in self._ccxt.exchanges:
            raise NotOffered(f"ccxt has no exchange named {name}; docs.ccxt.com lists the names")
        self._api = getattr(self._ccxt, name)(dict(_OPTIONS))
        self._attempts = Retrying(
            retry=retry_if_exception_type(self._ccxt.NetworkError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=first_wait_s, max=60),
            reraise=True,
        )
        if source is not None:
            self._api.urls["api"] = _at(self._api.urls["api"], source)
        self._market = self._find(instrument, spelling)
        # How far an answer reaches: no exchange less than this, this one as far as it was seen to.
        self._reach_ms = HOUR_MS

    def minutes(self, first_ms: int, stop_ms: int) -> Iterator[Row]:
        """Open time in epoch milliseconds, prices and volume, with `first_ms <= time < stop_ms`.

        Some exchanges answer from the next candle on, whenever that is; others a stretch of time,
        in which there may be none although there are later ones.

        Raises:
            NotOffered: The exchange refused, or did not answer.
        """
        since_ms, stop_ms = first_ms, min(stop_ms, _open_minute_ms())
        while since_ms < stop_ms:
            wanted = min(_ROWS_AT_ONCE, (stop_ms - since_ms) // MINUTE_MS)
            symbol = self._market["symbol"]
            rows: list[Row] = self._ask("fetch_ohlcv", symbol, "1m", since_ms, wanted)
            inside = [row for row in rows if since_ms <= row[0] < stop_ms]
            yield from inside
            seen_ms = max((int(row[0]) + MINUTE_MS - since_ms for row in rows), default=0)
            self._reach_ms = max(self._reach_ms, seen_ms)
            since_ms = int(inside[-1][0]) + MINUTE_MS if inside else since_ms + self._reach_ms

    def _find(self, instrument: Instrument, spelling: str | None) -> dict[str, Any]:
        markets: dict[str, dict[str, Any]] = self._ask("load_markets")
        names = {spelling or instrument.symbol}
        found = [
            market
            for market in markets.values()
            if names & {market["symbol"], market["id"], f"{market['base']}{market['quote']}"}
        ]
        if not found:
            raise NotOffered(
                f"{self._api.name} has no {spelling or instrument.symbol}; pass the exchange's own"
                " symbol with --exchange-symbol, such as BTC/USDT"
            )
        market = min(found, key=lambda each: (not each.get("spot"), str(each["symbol"])))
        if market.get("contract") and not (market["linear"] and market["contractSize"] == 1):
            raise NotOffered(f"{market['symbol']}: its volume may count contracts, not coins")
        return market

    def _ask(self, method: str, *arguments: Any) -> Any:
        try:
            return self._attempts(getattr(self._api, method), *arguments)
        except self._ccxt.BaseError as error:
            raise NotOffered(f"{self._api.name}: {str(error)[:300]}") from error


def _open_minute_ms() -> int:
    """The minute that is not closed yet: nothing from it on is asked for."""
    return time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS


def _ccxt() -> Any:
    try:
        import ccxt  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise NotOffered(
            "--exchange needs the extra ccxt: pip install 'roehub-backtest[ccxt]'"
        ) from error
    return ccxt


def _at(urls: Any, source: str) -> Any:
    """The addresses of an API on another server."""
    if isinstance(urls, dict):
        return {name: _at(url, source) for name, url in urls.items()}
    return source.rstrip("/") + urlsplit(str(urls)).path


def download_from(
    exchange: Exchange, pool: ClickHousePool, wanted: Wanted, listener: Listener
) -> Outcome:
    """Put the days that are not full into the store, today up to the last candle that is closed.

    Raises:
        CandlesUnavailable: The store failed; what was written before is there.
    """
    outcome = Outcome()
    stored = coverage(pool, wanted.instrument)
    days = list(Period(wanted.first, wanted.last).days())
    starts = np.array([midnight_ms(day.first) for day in days])
    is_full = stored.n_between(starts, starts + DAY_MS) == DAY_MS // MINUTE_MS
    missing = [day for day, full in zip(days, is_full, strict=True) if not full]
    outcome.n_stored = len(days) - len(missing)
    listener.planned(len(missing))
    with tempfile.TemporaryDirectory(prefix="roehub-candles-") as folder:
        intake = Intake(pool, wanted, listener, outcome)
        for day in missing:
            if not _take_day(exchange, day, Path(folder) / f"{day}.csv", intake):
                listener.absent()
                outcome.absent.append(day)
    return outcome


def _take_day(exchange: Exchange, day: Period, path: Path, intake: Intake) -> bool:
    """Whether the exchange has anything of a day, if it could be asked."""
    first_ms = midnight_ms(day.first)
    try:
        if not _write(path, exchange.minutes(first_ms, first_ms + DAY_MS)):
            return False
        intake.take(str(day), path)
    except (NotOffered, BrokenFile) as error:
        intake.fail(f"{day}: {error}")
    return True


def _write(path: Path, rows: Iterator[Row]) -> int:
    """Candles with a header that leaves nothing to guess; how many there were."""
    n_rows = 0
    with path.open("w", encoding="ascii") as file:
        file.write("open_time,open,high,low,close,volume,close_time\n")
        for row in rows:
            file.write(",".join(map(repr, (*row[:6], row[0] + MINUTE_MS))) + "\n")
            n_rows += 1
    return n_rows
