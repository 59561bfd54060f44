"""Indicators and their axes as people write them, with what was meant where a name is wrong.

See: docs/python.md#requests
"""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, cast

from backtest.axis_rules import normal_name
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.definition import Indicator
from roehub.values import Axis, axis, meant, nearest

Axes = Mapping[str, object]


def indicator_grids(asked: object) -> list[dict[str, Any]]:
    """The member `indicator_grids` of a template.

    Args:
        asked: Ids to axes, `{"ma.ema": {"window": range(5, 60, 5)}}`; an id or a list of ids takes
            every axis from the defaults.

    Raises:
        ValueError: An indicator or a parameter that does not exist, or an axis that is none.

    See: docs/python.md#requests
    """
    return [_grid(_found(name), axes) for name, axes in _by_id(asked, "indicators").items()]


def signal_grids(asked: object) -> dict[str, dict[str, Axis]]:
    """The member `signal_grids` of a template: ids to the axes of their thresholds.

    Raises:
        ValueError: An indicator or a threshold that does not exist, or an axis that is none.

    See: docs/python.md#requests
    """
    found: dict[str, dict[str, Axis]] = {}
    for name, axes in _by_id(asked, "signals").items():
        row = _found(name)
        if row.id in found:
            raise ValueError(f"signals name {row.id} twice; write its thresholds once")
        owner, known = f"the signal of {row.id}", _thresholds(row)
        found[row.id] = {
            param: axis(values, f"{param} of {owner}")
            for param, values in axes.items()
            if _known(param, known, owner)
        }
    return found


def _by_id(asked: object, word: str) -> dict[str, Axes]:
    if isinstance(asked, str):
        asked = [asked]
    if isinstance(asked, Mapping):
        by_id = cast("Mapping[str, object]", asked)
    elif isinstance(asked, list | tuple):
        listed = [name for name in cast("Iterable[object]", asked) if isinstance(name, str)]
        by_id = dict.fromkeys(listed) if len(listed) == len(cast("list[object]", asked)) else None
        if len(set(listed)) < len(listed):
            raise ValueError(f"{word} must name each indicator once, was {asked!r}")
    else:
        by_id = None
    if by_id is None or not all(map(_is_entry, by_id, by_id.values())):
        written = "{'ma.ema': {'window': range(5, 60, 5)}}"
        raise ValueError(f"{word} must be written like {written}, was {asked!r}")
    return {name: cast("Axes", axes or {}) for name, axes in by_id.items()}


def _is_entry(name: object, axes: object) -> bool:
    return isinstance(name, str) and (axes is None or isinstance(axes, Mapping))


def _grid(row: Indicator, axes: Axes) -> dict[str, Any]:
    known = [param.name for param in row.params] + (["source"] if row.sources else [])
    for name in axes:
        _known(name, known, row.id, elsewhere=_thresholds(row))
    whole = {param.name for param in row.params if param.is_whole}
    written = {
        name: axis(values, f"{name} of {row.id}", is_whole=normal_name(name) in whole)
        for name, values in axes.items()
    }
    found: dict[str, Any] = {"indicator_id": row.id}
    if "source" in written:
        found["source"] = written.pop("source")
    return {**found, "params": written} if written else found


def _found(name: str) -> Indicator:
    """The indicator of that id, or the only one whose id ends with it: `rsi` is `momentum.rsi`."""
    wanted = normal_name(name)
    rows = {row.id: row for row in INDICATORS.values() if not row.is_internal}
    ending = [indicator_id for indicator_id in rows if _last(indicator_id) == wanted]
    if wanted in rows or len(ending) == 1:
        return rows.get(wanted) or rows[ending[0]]
    near = ending or ([] if "." in wanted else _near_last(wanted, rows))
    hint = meant((near or get_close_matches(wanted, rows))[:3]) or "; docs/indicators.md lists all"
    raise ValueError(f"no indicator is called {name!r}{hint}")


def _near_last(wanted: str, ids: Collection[str]) -> list[str]:
    """Ids whose last part is near: `emaa` is near to `ma.ema`."""
    lasts = [_last(indicator_id) for indicator_id in ids]
    return [
        indicator_id
        for near in get_close_matches(wanted, dict.fromkeys(lasts))
        for indicator_id, last in zip(ids, lasts, strict=True)
        if last == near
    ]


def _last(indicator_id: str) -> str:
    return indicator_id.rpartition(".")[2]


def _thresholds(row: Indicator) -> list[str]:
    return [param.name for param in row.rule.params] if row.rule is not None else []


def _known(name: str, known: Iterable[str], owner: str, elsewhere: Iterable[str] = ()) -> bool:
    known = list(known)
    if normal_name(name) in known:
        return True
    if normal_name(name) in elsewhere:
        place = f"signals={{{owner!r}: {{{name!r}: …}}}}"
        raise ValueError(f"{name} belongs to the signal of {owner}: write {place}")
    there_is = f", only {', '.join(known)}" if known else "; it takes no parameters"
    raise ValueError(f"{owner} has no {name!r}{there_is}{nearest(normal_name(name), known)}")
