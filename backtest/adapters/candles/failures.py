"""What the driver raises, in the words of the domain, with what an operator needs as notes.

See: docs/stores.md
"""

import re
from collections.abc import Mapping
from pathlib import Path

from clickhouse_connect.driver.exceptions import Error
from urllib3.exceptions import NewConnectionError

from backtest.adapters.candles.schema import CANDLE_TABLE
from backtest.errors import CandlesUnavailable

_UNKNOWN_TABLE = 60
_UNKNOWN_DATABASE = 81
_ACCESS_DENIED = 497


def unavailable_because(*reasons: str) -> CandlesUnavailable:
    """The error with notes, one for each reason."""
    unavailable = CandlesUnavailable()
    for reason in reasons:
        unavailable.add_note(reason)
    return unavailable


def unreadable(path: Path, error: BaseException) -> CandlesUnavailable:
    """What it means that a file of the embedded store cannot be read."""
    return unavailable_because(_advice(path), f"The reader said: {str(error)[:300]}")


def name_files(error: CandlesUnavailable, files: Mapping[str, Path]) -> None:
    """Call files by their names in what the engine said, which knows them by others.

    Args:
        error: Its notes may name files as they were given to the engine.
        files: What the engine was given, and the file that is meant.
    """
    notes: list[str] = getattr(error, "__notes__", [])
    if not files or not notes:
        return
    given = re.compile("|".join(rf"{re.escape(name)}(?!\d)" for name in files))
    met = {files[name] for note in notes for name in given.findall(note)}
    rewritten = [given.sub(lambda found: str(files[found[0]]), note) for note in notes]
    error.__notes__ = [*map(_advice, sorted(met)), *rewritten]


def _advice(path: Path) -> str:
    return (
        f"{path} could not be read. If the file is damaged, move it away and import its candles"
        " again."
    )


def unavailable(error: BaseException) -> CandlesUnavailable:
    """What a driver's error means."""
    reasons: list[str] = []
    if _code(error) in {_UNKNOWN_TABLE, _UNKNOWN_DATABASE}:
        reasons.append(
            f"The table {CANDLE_TABLE} does not exist; `stores init` creates it, and so do"
            " `candles import` and `candles generate`."
        )
    return unavailable_because(*reasons, f"The driver said: {str(error)[:300]}")


def is_missing_table(error: BaseException) -> bool:
    """Whether the store has no such table, or none that this user may read."""
    return _code(error.__cause__ or error) in {_UNKNOWN_TABLE, _UNKNOWN_DATABASE, _ACCESS_DENIED}


def is_lost_connection(error: BaseException) -> bool:
    """Whether the connection was refused or reset, somewhere down the chain of causes."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, (ConnectionError, NewConnectionError)):
            return True
        link = link.__cause__ or link.__context__
    return False


def _code(error: BaseException) -> int | None:
    return error.code if isinstance(error, Error) else None
