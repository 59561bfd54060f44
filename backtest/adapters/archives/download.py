"""From archives into the store: only what is missing, whole months first, then days.

Files arrive several at a time and are imported one after another through the checks that every
imported file passes. See: docs/downloads.md
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np

from backtest.adapters.archives.cache import CachedFile
from backtest.adapters.archives.fetch import Fetcher, FetchFailed, Stopped, Unreachable
from backtest.adapters.archives.layouts import ARCHIVES, Archive, Part, Period, months, part
from backtest.adapters.archives.trades import write_minutes_of_trades
from backtest.adapters.archives.unpacking import refuse_bomb
from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.coverage import Coverage, coverage
from backtest.adapters.candles.series import parsed_length
from backtest.adapters.candles.write import Written
from backtest.adapters.ingest.importer import BrokenFile, CheckedFile, check_file, write_file
from backtest.adapters.ingest.options import ImportOptions
from backtest.types import DAY_MS, Instrument

# Months appear a few days after they end; until then their days are asked for.
_MONTH_LATENESS = timedelta(days=10)
_FILES_AT_ONCE = 4


class Listener(Protocol):
    """Who shows how a download goes on; `received` is called from several threads."""

    def planned(self, n_files: int) -> None:
        """So many more files will be asked for."""
        ...

    def received(self, n_bytes: int) -> None:
        """Bytes arrived."""
        ...

    def absent(self) -> None:
        """The archive does not have one of the files."""
        ...

    def imported(self, name: str, checked: CheckedFile, written: Written) -> None:
        """A file is in the store."""
        ...

    def refused(self, name: str, checked: CheckedFile) -> None:
        """A file was not taken for what is in it."""
        ...

    def failed(self, reason: str) -> None:
        """A file could not be had or read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to download.

    Attributes:
        instrument: Whose candles.
        interval: Their length, as in `Archive.intervals`.
        first: The first day.
        last: The last one.
        today: In UTC; nothing of it is published yet.
        folder: Where files are kept.
        source: The address of a mirror, None for the exchange's own.
        floor_times: As in `ImportOptions`.
        skip_refused: Take the good rows of files that have refused ones.
        first_wait_s: As in `Fetcher`.
    """

    instrument: Instrument
    interval: str
    first: date
    last: date
    today: date
    folder: Path
    source: str | None = None
    floor_times: bool = False
    skip_refused: bool = False
    first_wait_s: float = 1.0

    @property
    def length_ms(self) -> int:
        """Of the candles, in milliseconds."""
        length_ms = parsed_length(self.interval)
        assert length_ms is not None, "a length that can be stored"
        return length_ms


@dataclass(slots=True)
class Outcome:
    """What became of a download; periods of files that no archive has are `absent`."""

    written: Written = field(default_factory=Written)
    n_imported: int = 0
    n_stored: int = 0
    n_failed: int = 0
    absent: list[Period] = field(default_factory=list[Period])


def archives_of(instrument: Instrument, interval: str) -> list[Archive]:
    """The archives that have such candles, in the order in which they are asked."""
    return [
        archive
        for archive in ARCHIVES
        if archive.market_id == instrument.market_id and interval in archive.intervals
    ]


def download(pool: ClickHousePool, wanted: Wanted, listener: Listener) -> Outcome:
    """Put what is missing into the store.

    Raises:
        CandlesUnavailable: The store failed; what was written before is there.
    """
    left = months(wanted.first, wanted.last)
    outcome = Outcome()
    for archive in archives_of(wanted.instrument, wanted.interval):
        run = _Run(pool, wanted, archive, listener, outcome)
        try:
            left = run.take(left)
        except Unreachable as error:
            outcome.n_failed += 1
            listener.failed(str(error))
            return outcome
        finally:
            run.close()
    outcome.absent = sorted([*outcome.absent, *left])
    return outcome


def _refuse_other_time(checked: CheckedFile, start_ms: int, stop_ms: int) -> None:
    """A file that is not what its name says, although its sum is right."""
    if checked.first_ms is None or checked.last_ms is None:
        return
    if checked.first_ms < start_ms - DAY_MS or checked.last_ms >= stop_ms + DAY_MS:
        first, last = (
            f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%d %H:%M}"
            for moment_ms in (checked.first_ms, checked.last_ms)
        )
        raise BrokenFile(
            f"{checked.path}: it holds candles from {first} to {last} UTC, not the dates in its"
            " name"
        )


class Intake:
    """Puts files into the store and counts what became of them."""

    def __init__(
        self, pool: ClickHousePool, wanted: Wanted, listener: Listener, outcome: Outcome
    ) -> None:
        self._pool, self._wanted = pool, wanted
        self._listener, self._outcome = listener, outcome

    def take(
        self,
        name: str,
        path: Path,
        *,
        timezone: str | None = None,
        within_ms: tuple[int, int] | None = None,
    ) -> CheckedFile | None:
        """Check and import a file, None if it was refused.

        Args:
            name: For people.
            path: The file.
            timezone: Of its times, if they have none.
            within_ms: Where its candles should open, half-open, give or take a day.

        Raises:
            BrokenFile: It cannot be read, or holds candles of another time.
        """
        wanted = self._wanted
        asked = ImportOptions(
            symbol=wanted.instrument.symbol,
            timezone=timezone,
            floor_times=wanted.floor_times,
            length_ms=wanted.length_ms,
        )
        checked = check_file(path, _nobody, asked)
        is_refused = checked.n_refused and not wanted.skip_refused
        if checked.problems or checked.is_mostly_refused or is_refused:
            self._listener.refused(name, checked)
            self._outcome.n_failed += 1
            return None
        if within_ms is not None:
            _refuse_other_time(checked, *within_ms)
        now_ms = time.time_ns() // 1_000_000
        written = write_file(self._pool, wanted.instrument, checked, _nobody, now_ms)
        self._outcome.written += written
        self._outcome.n_imported += 1
        self._listener.imported(name, checked, written)
        return checked

    def fail(self, reason: str) -> None:
        """Count a file that could not be had or read."""
        self._outcome.n_failed += 1
        self._listener.failed(reason)


class _Run:
    """One archive."""

    def __init__(
        self,
        pool: ClickHousePool,
        wanted: Wanted,
        archive: Archive,
        listener: Listener,
        outcome: Outcome,
    ) -> None:
        self._pool, self._wanted, self._archive = pool, wanted, archive
        self._listener, self._outcome = listener, outcome
        self._intake = Intake(pool, wanted, listener, outcome)
        address = wanted.source or archive.address
        self._folder = wanted.folder / _folder_name(address) / archive.name
        self._stop = Event()
        self._fetcher = Fetcher(
            address, stop=self._stop, count=listener.received, first_wait_s=wanted.first_wait_s
        )

    def close(self) -> None:
        self._stop.set()
        self._fetcher.close()

    def take(self, wanted: Sequence[Period]) -> list[Period]:
        """Months that this archive has nothing of."""
        left = list(wanted)
        if self._archive.month is not None and left:
            finished = [month for month in left if month.last < self._wanted.today]
            absent = self._take_all(self._archive.month, finished)
            left = [month for month in left if month in absent or month not in finished]
        if self._archive.day is None or not left:
            return left
        asked = [month for month in left if self._may_have_days(month, wanted, left)]
        days = [day for month in asked for day in self._days_of(month, left)]
        absent = self._take_all(self._archive.day, days)
        found = {_month_of(day) for day in days if day not in absent}
        self._outcome.absent += [day for day in absent if _month_of(day) in found]
        return [month for month in left if _month_of(month) not in found]

    def _may_have_days(
        self, month: Period, wanted: Sequence[Period], left: Sequence[Period]
    ) -> bool:
        """Not before the first month that is there, which would cost thirty questions each."""
        if self._archive.month is None or month.last + _MONTH_LATENESS >= self._wanted.today:
            return True
        return any(other < month and other not in left for other in wanted)

    def _days_of(self, month: Period, left: Sequence[Period]) -> list[Period]:
        """With the day before, if months of an archive whose clock is ahead end within it."""
        days = list(month.days())
        before = Period(*(2 * [month.first - timedelta(days=1)]))
        if self._archive.month is None and not any(other.last == before.last for other in left):
            days.insert(0, before)
        return [day for day in days if self._is_asked(day)]

    def _is_asked(self, day: Period) -> bool:
        wanted = self._wanted
        return wanted.first <= day.first <= wanted.last and day.first < wanted.today

    def _take_all(self, template: str, periods: Iterable[Period]) -> set[Period]:
        """Fetch and import what is not stored; the periods whose file does not exist."""
        wanted = self._wanted
        stored = coverage(self._pool, wanted.instrument, wanted.length_ms)
        parts = [
            part(self._archive, template, wanted.instrument.symbol, wanted.interval, period)
            for period in periods
        ]
        missing = [each for each in parts if not self._is_stored(each, stored)]
        self._outcome.n_stored += len(parts) - len(missing)
        self._listener.planned(len(missing))
        return set(self._import_all(missing))

    def _is_stored(self, of: Part, stored: Coverage) -> bool:
        """Whether all that its file holds, or could hold, is in the store."""
        n_stored = stored.n_between(np.array([of.first_ms]), np.array([of.stop_ms]))[0]
        n_full = (of.stop_ms - of.first_ms) // stored.step_ms
        n_candles = self._file(of).n_candles
        return n_stored >= (n_full if n_candles is None else max(n_candles, 1))

    def _import_all(self, parts: Sequence[Part]) -> Iterator[Period]:
        with ThreadPoolExecutor(_FILES_AT_ONCE, thread_name_prefix="download") as threads:
            futures = {threads.submit(self._obtain, each): each for each in parts}
            try:
                for future in as_completed(futures):
                    if self._import_one(futures[future], future) is None:
                        yield futures[future].period
            finally:
                if not all(future.done() for future in futures):
                    self._stop.set()
                    threads.shutdown(wait=False, cancel_futures=True)

    def _obtain(self, of: Part) -> Path | None:
        """A file of candles, None if the archive does not have it."""
        holds_trades = self._archive.holds == "trades"
        made = self._made(of)
        if holds_trades and made.exists():
            return made
        path = self._fetcher.fetch(of, self._file(of))
        if path is None:
            return None
        refuse_bomb(path, most_bytes=self._archive.max_unpacked_bytes)
        if not holds_trades:
            return path
        write_minutes_of_trades(path, made)
        path.unlink(missing_ok=True)
        return made

    def _import_one(self, of: Part, future: Future[Path | None]) -> bool | None:
        """Whether a file is in the store now, None if there is no such file."""
        try:
            path = future.result()
            if path is None:
                self._listener.absent()
                return None
            within_ms = (of.first_ms, of.stop_ms)
            timezone = self._archive.timezone
            checked = self._intake.take(of.name, path, timezone=timezone, within_ms=within_ms)
        except Unreachable:
            raise
        except (FetchFailed, Stopped) as error:
            self._intake.fail(str(error))
            return False
        except BrokenFile as error:
            # The next time it is fetched anew, for it may have been mended.
            for path in (self._file(of).path, self._made(of)):
                path.unlink(missing_ok=True)
            self._intake.fail(str(error))
            return False
        except OSError as error:
            self._intake.fail(f"{of.name}: {error.strerror or error}")
            return False
        if checked is not None:
            with suppress(OSError):  # without the number the archive is asked once more
                self._file(of).remember(_n_within(checked, of))
        return checked is not None

    def _file(self, of: Part) -> CachedFile:
        return CachedFile(self._folder / of.name)

    def _made(self, of: Part) -> Path:
        """Where minutes that were made of its trades are."""
        return self._folder / f"{of.name}.minutes.parquet"


def _folder_name(address: str) -> str:
    host = urlsplit(address).netloc.rpartition("@")[2]
    return "".join(sign if sign.isalnum() or sign in ".-" else "_" for sign in host)


def _month_of(period: Period) -> tuple[int, int]:
    return period.first.year, period.first.month


def _n_within(checked: CheckedFile, of: Part) -> int:
    """How many of the candles belong to the period; some files begin or end a minute too late."""
    n_within = n_read = 0
    for minutes in checked.spool:
        is_kept = checked.is_kept[n_read : n_read + len(minutes)]
        is_in = (minutes.ts_open >= of.first_ms) & (minutes.ts_open < of.stop_ms)
        n_within += int(np.count_nonzero(is_kept & is_in))
        n_read += len(minutes)
    return n_within


_nobody: Callable[[int, int], None] = lambda done, total: None  # noqa: E731 - nobody watches
