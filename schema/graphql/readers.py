"""How each member of a request is read from its GraphQL spelling, derived from the models.

A member that is added to a model of `schema/request.py` is read here without another word.
See: docs/graphql.md#one-parser-for-input
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from backtest.errors import Loc
from schema.axis import ExplicitAxis, RangeAxis
from schema.graphql.body import (
    EXTRA,
    Places,
    Reader,
    is_object,
    is_scalar,
    read_list,
    read_map,
    read_members,
    read_object,
    read_plain,
    read_word,
)

_AXIS_MODES: Mapping[str, type[BaseModel]] = {"explicit": ExplicitAxis, "range": RangeAxis}


@cache
def readers_of(model: type[BaseModel]) -> Mapping[str, Reader]:
    """A reader for each member of a model, under its REST name.

    See: docs/graphql.md#one-parser-for-input
    """
    return {name: reader_of(field.annotation) for name, field in model.model_fields.items()}


def reader_of(annotation: Any) -> Reader:
    """The reader for values of a type: objects, lists and maps member by member.

    See: docs/graphql.md#one-parser-for-input
    """
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return reader_of(args[0])
    if origin in {Union, UnionType}:
        return _reader_of_union([option for option in args if option is not NoneType])
    if origin is tuple:
        return _reader_of_list(reader_of(args[0]))
    if origin is dict:
        return _reader_of_map(args[1])
    if not isinstance(annotation, type):
        return read_plain
    if issubclass(annotation, StrEnum):
        return partial(read_word, annotation)
    if issubclass(annotation, BaseModel):
        return partial(read_object, readers_of(annotation))
    return read_plain


def read_axis(raw: Any, loc: Loc, path: Loc, to: Places) -> object:
    """An axis: the chosen member becomes the mode.

    A wrong choice is noted in `to`; nothing is raised.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """
    to.note(loc, path)
    to.exact[*loc, "mode"] = path
    if not is_object(raw):
        return raw
    for key in raw.keys() - _AXIS_MODES.keys():
        to.refuse((*path, key), "extra_forbidden", EXTRA)
    chosen = [mode for mode in _AXIS_MODES if mode in raw]
    if len(chosen) != 1:
        if chosen:
            to.refuse(path, "one_of", "Provide exactly one of explicit, range", loc)
        return {}
    (mode,) = chosen
    inner = (*path, mode)
    to.note(loc, path, inner)
    if not is_object(raw[mode]):
        to.refuse(inner, "model_type", "Input should be an object", loc)
        return {}
    members = readers_of(_AXIS_MODES[mode])
    readers = {name: reader for name, reader in members.items() if name != "mode"}
    return {"mode": mode, **read_members(readers, raw[mode], loc, inner, to)}


def _reader_of_union(options: list[Any]) -> Reader:
    if set(options) == set(_AXIS_MODES.values()):
        return read_axis
    return reader_of(options[0]) if len(options) == 1 else read_plain


def _reader_of_list(item: Reader) -> Reader:
    """Lists hold objects or scalars: none of the models holds a list of lists."""
    is_scalars = item is read_plain
    return partial(read_list, item, is_scalar if is_scalars else is_object)


def _reader_of_map(value: Any) -> Reader:
    """Maps are lists of entries: axes by parameter name, or such maps by indicator."""
    if get_origin(value) is dict:
        return partial(read_map, "indicatorId", "params", reader_of(value))
    return partial(read_map, "name", "axis", reader_of(value))
