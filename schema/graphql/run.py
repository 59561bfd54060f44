"""The inputs of the GraphQL fields, read by the parser that REST uses.

See: docs/graphql.md#one-parser-for-input
"""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from backtest.errors import InvalidRequest, Loc, Problem
from backtest.request import RunRequest
from schema.graphql.body import (
    EXTRA,
    MISSING,
    Places,
    Reader,
    is_object,
    plain,
    read_list,
    read_map,
    read_members,
    read_object,
    read_plain,
    spelled,
)
from schema.graphql.readers import readers_of
from schema.parse import MAX_FOUND, MODE_CONFLICT, parse_request, too_many_problems
from schema.request import BacktestRequest, RunOptions, Template

_ROOT: Loc = ("input",)


def _object(readers: Mapping[str, Reader]) -> Reader:
    return partial(read_object, readers)


def _one_value(raw: Any, loc: Loc, path: Loc, to: Places) -> object:
    for place in (loc, (*loc, "values"), (*loc, "values", 0)):
        to.note(place, path)
    return {"mode": "explicit", "values": [raw]}


def _source(raw: Any, loc: Loc, path: Loc, to: Places) -> object:
    return None if raw is None else _one_value(raw, loc, path, to)


_values = partial(read_map, "name", "value", _one_value)
_REQUEST = readers_of(BacktestRequest)
_SETTINGS = readers_of(RunOptions)
_TEMPLATE = readers_of(Template)
# What the answer holds is what the document selects.
_SAVED = {name: reader for name, reader in _REQUEST.items() if name not in {"template", "include"}}
# What may stand beside the members of a template: the other mode's are told as a conflict.
_OUTSIDE = {name: reader for name, reader in _SAVED.items() if name != "strategy_id"}
_SELECTION: Mapping[str, Reader] = {
    "indicator_id": read_plain,
    "params": _values,
    "source": _source,
}
_VARIANT: Mapping[str, Reader] = {
    **{
        name: _TEMPLATE[name]
        for name in ("instrument_id", "timeframe", "execution", "direction_mode", "sizing_mode")
    },
    "indicator_selections": partial(read_list, _object(_SELECTION), is_object),
    "signals": partial(read_map, "indicatorId", "params", _values),
    "risk": _object(plain(("sl_enabled", "tp_enabled", "sl_pct", "tp_pct"))),
}
_VARIANT_SETTINGS = {name: _SETTINGS[name] for name in ("time_range", "warmup_bars")}
_IN_TEMPLATE = {
    "indicator_selections": "indicator_grids",
    "signals": "signal_grids",
    "risk": "risk_grid",
}
_ONE_VARIANT = {"top_k": 1, "preselect": 1, "top_trades_n": 1}


def read_run(raw: Any) -> tuple[RunRequest, Places]:
    """Read a `RunBacktestInput`.

    Args:
        raw: The input object as written: variables filled in, names and enums untouched.

    Returns:
        The request, and where its parts stand in the client's input.

    Raises:
        InvalidRequest: Every problem, at the client's own places.

    See: docs/graphql.md#one-parser-for-input
    """
    given = _require_object(raw)
    to = Places()
    to.note((), _ROOT)
    to.exact["strategy_id",] = (*_ROOT, "saved")
    to.exact["template",] = (*_ROOT, "template")
    for key in given.keys() - {"template", "saved"}:
        to.refuse((*_ROOT, key), "extra_forbidden", EXTRA)
    halves = [mode for mode in ("template", "saved") if given.get(mode) is not None]
    if len(halves) == 2:
        raise InvalidRequest([*to.problems, *_conflict(given)])
    if not halves:
        to.settled.add(("time_range",))
        return _parse({}, to)
    (mode,) = halves
    return _parse(_read_half(mode, given[mode], to), to)


def read_variant(raw: Any) -> tuple[RunRequest, Places]:
    """Read a `VariantReportInput`: a template whose axes hold one value each.

    Args:
        raw: The input object as written: variables filled in, names and enums untouched.

    Returns:
        The request, and where its parts stand in the client's input.

    Raises:
        InvalidRequest: Every problem, at the client's own places.

    See: docs/graphql.md#one-parser-for-input
    """
    given = _require_object(raw)
    to = Places()
    to.note((), _ROOT)
    to.note(("template",), _ROOT)
    settings = {spelled(name) for name in _VARIANT_SETTINGS}
    body = read_members(_VARIANT_SETTINGS, _only(given, settings), (), _ROOT, to)
    rest = _only(given, given.keys() - settings)
    template = read_members(_renaming(to), rest, ("template",), _ROOT, to)
    named = {_IN_TEMPLATE.get(name, name): value for name, value in template.items()}
    return _parse({**body, "template": named, **_ONE_VARIANT}, to)


def _renaming(to: Places) -> dict[str, Reader]:
    def renamed(name: str, reader: Reader) -> Reader:
        rest_name = _IN_TEMPLATE.get(name, name)
        to.exact["template", rest_name] = (*_ROOT, spelled(name))
        return lambda raw, loc, path, to: reader(raw, (*loc[:-1], rest_name), path, to)

    return {name: renamed(name, reader) for name, reader in _VARIANT.items()}


def _read_half(mode: str, raw: Any, to: Places) -> dict[str, object]:
    path = (*_ROOT, mode)
    to.note((), _ROOT, path)
    if not is_object(raw):
        to.refuse(path, "model_type", "Input should be an object", ())
        return {}
    return _read_saved(raw, path, to) if mode == "saved" else _read_template(raw, path, to)


def _read_saved(raw: Mapping[str, Any], path: Loc, to: Places) -> dict[str, object]:
    body = read_members(_SAVED, raw, (), path, to)
    if body.get("strategy_id") is None:
        to.refuse((*path, "strategyId"), "required", MISSING)
        body["strategy_id"] = str(UUID(int=0))
    return body


def _read_template(raw: Mapping[str, Any], path: Loc, to: Places) -> dict[str, object]:
    to.note(("template",), path)
    outside = {spelled(name) for name in _OUTSIDE}
    body = read_members(_OUTSIDE, _only(raw, outside), (), path, to)
    rest = _only(raw, raw.keys() - outside)
    return {**body, "template": read_members(_TEMPLATE, rest, ("template",), path, to)}


def _parse(body: Mapping[str, object], to: Places) -> tuple[RunRequest, Places]:
    if len(to.problems) > MAX_FOUND:
        raise too_many_problems(_ROOT)
    found: list[Problem] = []
    headline = "Validation failed"
    try:
        request = parse_request(body)
    except InvalidRequest as error:
        found = [item for item in error.problems if not to.is_settled(item.loc)]
        headline = headline if to.problems else error.message
    else:
        if not to.problems:
            return request, to
    raise InvalidRequest([*to.problems, *map(to.translate, found)], headline)


def _conflict(given: Mapping[str, Any]) -> Iterator[Problem]:
    for mode in ("template", "saved"):
        message = "Provide exactly one of template, saved"
        yield Problem((*_ROOT, mode), MODE_CONFLICT, message)
        to = Places()
        try:
            _parse(_read_half(mode, given[mode], to), to)
        except InvalidRequest as error:
            yield from error.problems


def _require_object(raw: Any) -> Mapping[str, Any]:
    if is_object(raw):
        return raw
    raise InvalidRequest([Problem(_ROOT, "model_type", "Input should be an object")])


def _only(raw: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key in keys}
