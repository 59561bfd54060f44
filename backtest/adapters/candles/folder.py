"""Where the embedded store has its files, and what their names say.

`1/BTCUSDT/1m/20240101T0000-20240131T2359-44640-5f0c….parquet` holds one-minute candles of BTCUSDT
on market 1: 44 640 rows, the first and the last of which open at these moments (UTC). A file
appears whole under its name and is never changed. Readers lock nothing: they open the files they
see, and an open file stays readable when it is removed.

See: docs/stores.md#the-embedded-store
"""

import hashlib
import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote
from uuid import uuid4

from backtest.adapters.candles.arrow_rows import symbol_in
from backtest.adapters.candles.failures import unavailable_because
from backtest.adapters.candles.series import StoredSeries, parsed_length
from backtest.enums import spelled_length
from backtest.types import MINUTE_MS, Instrument

_MOMENT = "%Y%m%dT%H%M"
_NAME = re.compile(r"(\d{8}T\d{4})-(\d{8}T\d{4})-(\d+)-[0-9a-f]+\.parquet")
_LONGEST_NAME = 120
_SHORTENED = "~"
_MOST_LISTINGS = 100
# An engine of an earlier version kept its tables in the same folder.
OLD_FORM = "metadata"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleFile:
    """`first_ms` and `last_ms` are the first and last open times, epoch milliseconds."""

    path: Path
    first_ms: int
    last_ms: int
    n_rows: int

    def overlaps(self, start_ms: int, stop_ms: int) -> bool:
        """Whether a candle may open within `[start_ms, stop_ms)`."""
        return self.first_ms < stop_ms and start_ms < self.last_ms + MINUTE_MS


def series_folder(directory: Path, series: StoredSeries) -> Path:
    """Where the files of a series are, whatever its symbol."""
    instrument = series.instrument
    name = quote(instrument.symbol, safe="").replace(".", "%2E").replace(_SHORTENED, "%7E")
    if len(name) > _LONGEST_NAME:
        digest = hashlib.sha256(instrument.symbol.encode()).hexdigest()
        name = name[:_LONGEST_NAME] + _SHORTENED + digest[:16]
    return directory / str(instrument.market_id) / name / spelled_length(series.length_ms)


def file_name(first_ms: int, last_ms: int, n_rows: int) -> str:
    """A name that no other file has."""
    first, last = (
        datetime.fromtimestamp(moment_ms // 1_000, UTC).strftime(_MOMENT)
        for moment_ms in (first_ms, last_ms)
    )
    return f"{first}-{last}-{n_rows}-{uuid4().hex}.parquet"


def require_folder(directory: Path) -> None:
    """Refuse a store that is not there, or that cannot be read yet.

    Raises:
        CandlesUnavailable: The notes say what to do.
    """
    with _accessible(directory):
        is_there, is_old = directory.is_dir(), (directory / OLD_FORM).is_dir()
    if not is_there:
        raise unavailable_because(
            f"The folder {directory} does not exist. If it was moved, put it back; otherwise"
            " restart, or use `candles import` or `candles generate`, and a new one is made."
        )
    if is_old:
        raise unavailable_because(
            f"{directory} holds candles in the format of an earlier version. Stop every process"
            " that uses it and run `candles list`, which converts them to Parquet files once."
        )


@contextmanager
def _accessible(path: Path) -> Generator[None]:
    """Words for what the system refuses; only that something is gone is the caller's business."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unavailable_because(f"{path} cannot be read: {error}") from error


def candle_files(directory: Path, series: StoredSeries) -> list[CandleFile]:
    """The files of a series, by name; none where nothing is stored.

    Raises:
        CandlesUnavailable: The store itself is not there.
    """
    require_folder(directory)
    files = candle_files_in(series_folder(directory, series))
    if not files:
        require_folder(directory)
    return files


def candle_files_in(folder: Path) -> list[CandleFile]:
    """The files of a series' folder, by name; none where there is no such folder.

    Raises:
        CandlesUnavailable: The folder cannot be read.
    """
    return [file for path in sorted(_inside(folder)) if (file := _described(path)) is not None]


def _described(path: Path) -> CandleFile | None:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    first_ms, last_ms = (
        int(datetime.strptime(text, _MOMENT).replace(tzinfo=UTC).timestamp()) * 1_000
        for text in match.groups()[:2]
    )
    return CandleFile(path=path, first_ms=first_ms, last_ms=last_ms, n_rows=int(match[3]))


def files_fingerprint(
    directory: Path, series: StoredSeries, *, start_ms: int, stop_ms: int
) -> tuple[int, int]:
    """Rows of the files that overlap a range, and a hash that tells these files from any others.

    Raises:
        CandlesUnavailable: The store itself is not there.
    """
    files = [file for file in candle_files(directory, series) if file.overlaps(start_ms, stop_ms)]
    names = "/".join(file.path.name for file in files)
    digest = hashlib.sha256(names.encode()).digest()
    return sum(file.n_rows for file in files), int.from_bytes(digest[:8], signed=True)


def stored_series(directory: Path) -> list[StoredSeries]:
    """All series that have a file, ordered by market, symbol and length.

    Raises:
        CandlesUnavailable: The store itself is not there.
    """
    require_folder(directory)
    found = (
        StoredSeries(
            instrument=Instrument(market_id=int(market.name), symbol=symbol), length_ms=length
        )
        for market in _folders(directory)
        if market.name.isdecimal()
        for named in _folders(market)
        for folder in _folders(named)
        if (length := parsed_length(folder.name)) and (symbol := _symbol(named.name, folder))
    )
    return sorted(found, key=lambda s: (s.instrument.market_id, s.instrument.symbol, s.length_ms))


def instrument_lengths(directory: Path, instrument: Instrument) -> list[int]:
    """Lengths in milliseconds of which an instrument has a file, ascending.

    Raises:
        CandlesUnavailable: The store itself is not there.
    """
    require_folder(directory)
    folders = _folders(series_folder(directory, StoredSeries(instrument=instrument)).parent)
    lengths = (parsed_length(folder.name) for folder in folders if candle_files_in(folder))
    return sorted(length_ms for length_ms in lengths if length_ms is not None)


def _inside(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError), _accessible(folder):
        yield from folder.iterdir()


def _folders(directory: Path) -> Iterator[Path]:
    with _accessible(directory):
        yield from filter(Path.is_dir, _inside(directory))


def _symbol(name: str, folder: Path) -> str | None:
    """Whose files a folder holds; None where there are none."""
    first = next((path for path in _inside(folder) if _NAME.fullmatch(path.name)), None)
    if first is None:
        return None
    if _SHORTENED not in name:
        return unquote(name)
    return symbol_in(first)


def of_files(
    directory: Path,
    series: StoredSeries,
    use: Callable[[list[Path]], T],
    *,
    start_ms: int,
    stop_ms: int,
) -> T:
    """What can be made of all files that may hold candles of a range.

    They are listed again whenever a listed one is gone: another file has taken over its rows.

    Args:
        directory: The store.
        series: Whose candles.
        use: Raises FileNotFoundError where a file is gone.
        start_ms: The first open time.
        stop_ms: Behind the last one.

    Raises:
        CandlesUnavailable: The store itself is not there, or changes without end.
    """
    for _ in range(_MOST_LISTINGS):
        files = candle_files(directory, series)
        with suppress(FileNotFoundError):
            return use([file.path for file in files if file.overlaps(start_ms, stop_ms)])
    raise unavailable_because(
        f"The files in {series_folder(directory, series)} kept changing while they were read; try"
        " again when imports have finished."
    )


@contextmanager
def opened_files(
    directory: Path, series: StoredSeries, *, start_ms: int, stop_ms: int
) -> Generator[dict[int, Path]]:
    """All files that may hold candles of a range, as they were at one moment, by descriptor.

    Raises:
        CandlesUnavailable: The store itself is not there, or a file cannot be opened.
    """
    descriptors = of_files(directory, series, _open_all, start_ms=start_ms, stop_ms=stop_ms)
    try:
        yield descriptors
    finally:
        _close_all(descriptors)


def _open_all(paths: Iterable[Path]) -> dict[int, Path]:
    descriptors: dict[int, Path] = {}
    try:
        for path in paths:
            with _accessible(path):
                descriptors[os.open(path, os.O_RDONLY)] = path
    except BaseException:
        _close_all(descriptors)
        raise
    return descriptors


def _close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
