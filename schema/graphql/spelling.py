"""A run over GraphQL from the words of REST: the same request, and everything that REST answers.

Made from the models and from the published types, so a field that is added there is spelled here.
See: docs/graphql.md#what-is-spelled-differently-from-rest
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportUnknownVariableType=false

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast, get_args

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    get_nullable_type,
)
from pydantic import BaseModel
from strawberry.utils.str_converters import to_camel_case

from schema import enums
from schema.graphql.schema import graphql_sdl
from schema.request import RunOptions
from schema.response import BacktestResponse, Variant

Body = Mapping[str, Any]
PARTS = frozenset(enums.AnswerPart)


def run_input(body: Body) -> dict[str, Any]:
    """A body of POST /backtests as a `RunBacktestInput`; what is malformed stays as it is.

    `include` is left out: over GraphQL that is what a document selects.

    See: docs/graphql.md
    """
    options = {name: value for name, value in body.items() if name in RunOptions.model_fields}
    rest = {name: value for name, value in body.items() if name not in {*options, "include"}}
    template = rest.pop("template", None)
    members = {**options, **(template if isinstance(template, Mapping) else {}), **rest}
    kind = "template" if template is not None else "saved"
    run_type = cast("GraphQLInputObjectType", _types().get_type("RunBacktestInput"))
    return {kind: _spelled(members, run_type.fields[kind].type)}


def _spelled(value: Any, of: GraphQLInputType) -> Any:
    kind = get_nullable_type(of)
    if isinstance(kind, GraphQLList):
        item = cast("GraphQLInputType", kind.of_type)
        if isinstance(value, Mapping):
            return _entries(cast("Body", value), item) if _has_keys(item) else value
        return [_spelled(entry, item) for entry in value] if isinstance(value, list) else value
    if isinstance(kind, GraphQLEnumType):
        words: dict[object, str] = {member.value: name for name, member in _enum(kind).items()}
        return words.get(value, value) if isinstance(value, str) else value
    if isinstance(kind, GraphQLInputObjectType) and isinstance(value, Mapping):
        return _members(cast("Body", value), kind)
    return value


def _members(value: Body, kind: GraphQLInputObjectType) -> dict[str, Any]:
    if "mode" in value:  # an axis: its mode is the name of the one member that is there
        mode = str(value["mode"])
        value = {mode: {name: item for name, item in value.items() if name != "mode"}}
    spelled = {to_camel_case(name): item for name, item in value.items()}
    return {
        name: _spelled(item, kind.fields[name].type) if name in kind.fields else item
        for name, item in spelled.items()
    }


def _has_keys(item: GraphQLInputType) -> bool:
    """Whether a list of these is a map over REST: each has a key, and a value beside it."""
    kind = get_named_type(item)
    return isinstance(kind, GraphQLInputObjectType) and len(kind.fields) == 2


def _entries(value: Body, item: GraphQLInputType) -> list[dict[str, Any]]:
    """A map as a list whose entries say their key: in their first field, the value in the next."""
    kind = cast("GraphQLInputObjectType", get_named_type(item))
    key, member = kind.fields
    of = kind.fields[member].type
    return [{key: name, member: _spelled(entry, of)} for name, entry in value.items()]


@lru_cache(maxsize=16)
def run_document(include: frozenset[str] = frozenset()) -> str:
    """A document that asks for everything that POST /backtests answers.

    Args:
        include: What the request includes; over GraphQL it is what a document selects.

    See: docs/graphql.md
    """
    of = cast("GraphQLObjectType", _types().get_type("BacktestResult"))
    fields = " ".join(_selected(BacktestResponse, of, include))
    return f"mutation ($input: RunBacktestInput!) {{ runBacktest(input: $input) {{ {fields} }} }}"


def answer_with_parts(answer: Body) -> dict[str, Any]:
    """An answer to `run_document` with null where REST tells of a part that was not asked for.

    See: docs/graphql.md
    """
    variants = [_with_parts(Variant, variant) for variant in answer["variants"]]
    return {**_with_parts(BacktestResponse, answer), "variants": variants}


def _with_parts(model: type[BaseModel], members: Body) -> dict[str, Any]:
    return {**{name: None for name in model.model_fields if name in PARTS}, **members}


def _selected(
    model: type[BaseModel], of: GraphQLObjectType, include: frozenset[str]
) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name in PARTS - include:
            continue
        spelled = to_camel_case(name)
        inner = _selection(_model_in(field.annotation), of.fields[spelled].type, include)
        yield spelled + inner


def _selection(
    model: type[BaseModel] | None, of: GraphQLOutputType, include: frozenset[str]
) -> str:
    kind = get_named_type(of)
    if not isinstance(kind, GraphQLObjectType):
        return ""
    if model is not None:
        return f" {{ {' '.join(_selected(model, kind, include))} }}"
    fields = (name + _selection(None, field.type, include) for name, field in kind.fields.items())
    return f" {{ {' '.join(fields)} }}"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _enum(kind: GraphQLEnumType) -> Mapping[str, StrEnum]:
    """The enum that a type was made from: types as published know names alone."""
    return getattr(enums, kind.name).__members__


@lru_cache(maxsize=1)
def _types() -> GraphQLSchema:
    return build_schema(graphql_sdl())
