"""Values as people write them: ranges, lists, arrays, names of instruments, times.

See: docs/python.md
"""

import difflib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, cast

from backtest.markets import market_id_of
from backtest.types import Instrument

Axis = Mapping[str, Any]


def axis(values: object) -> Axis:
    """An axis of a request.

    Args:
        values: One value, a `range`, a list, a NumPy array, or an axis as REST writes it.

    Raises:
        ValueError: There is no value.

    See: docs/grid.md
    """
    if isinstance(values, Mapping):
        return cast("Axis", values)
    if isinstance(values, str) or not isinstance(values, Iterable):
        return {"mode": "explicit", "values": [_plain(values)]}
    listed = [_plain(value) for value in cast("Iterable[object]", values)]
    if not listed:
        raise ValueError("an axis needs at least one value; the range or list is empty")
    return {"mode": "explicit", "values": listed}


def instrument(name: object) -> Mapping[str, Any]:
    """The id of an instrument.

    Args:
        name: `"binance:spot:BTCUSDT"`, `(1, "BTCUSDT")`, or as REST writes it.

    Raises:
        ValueError: It names no market.

    See: docs/python.md
    """
    if isinstance(name, Mapping):
        return cast("Mapping[str, Any]", name)
    if isinstance(name, Instrument):
        return {"market_id": name.market_id, "symbol": name.symbol}
    if isinstance(name, str):
        market, _, symbol = name.rpartition(":")
        return {"market_id": market_id_of(market), "symbol": symbol}
    market_id, symbol = cast("tuple[int, str]", name)
    return {"market_id": int(market_id), "symbol": symbol}


def moment(value: object) -> str:
    """A time with its zone.

    Args:
        value: ISO text, `date`, `datetime` or a pandas `Timestamp`; without a zone it is UTC.

    See: docs/python.md
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    assert isinstance(value, datetime)
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return aware.isoformat()


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that names what was perhaps meant; nothing where nothing is near.

    See: docs/python.md
    """
    found = difflib.get_close_matches(name, list(known), n=3)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _plain(value: object) -> object:
    """A number of Python's own for one of NumPy's."""
    item = getattr(value, "item", None)
    return item() if callable(item) else value
