"""The inputs of a document's run fields, as the client wrote them.

See: docs/graphql.md
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)

from backtest.errors import InvalidRequest, Problem
from backtest.request import RunRequest
from schema.graphql.bars import read_bars
from schema.graphql.body import Places, Word
from schema.graphql.run import read_run, read_variant
from schema.market import BarsQuestion

ReadInput = tuple[RunRequest | BarsQuestion, Places]

_READERS: Mapping[str, Callable[[Any], ReadInput]] = {
    "runBacktest": read_run,
    "estimateBacktest": read_run,
    "variantReport": read_variant,
    "saveStrategy": read_variant,
}
_ABSENT = object()


def read_inputs(
    document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> dict[str, ReadInput]:
    """Read the inputs of the operation's run fields, by response key.

    This happens before graphql-core coerces anything: its messages would tell one mistake at a
    time, in other words than REST.

    Args:
        document: Free of fragment cycles.
        operation: The one that will be executed.
        variables: As sent.

    Raises:
        InvalidRequest: Every problem of every input, at the client's own places.

    See: docs/graphql.md
    """
    known = {**_defaults(operation), **variables}
    problems: list[Problem] = []
    found: dict[str, ReadInput] = {}
    read: dict[Hashable, ReadInput | InvalidRequest | None] = {}
    for node in root_fields(document, operation.selection_set):
        source = _source(node)
        if source not in read:
            read[source] = _read(node, known)
        outcome = read[source]
        if isinstance(outcome, InvalidRequest):
            problems.extend(outcome.problems)
        elif outcome is not None:
            found[node.alias.value if node.alias else node.name.value] = outcome
    if problems:
        raise InvalidRequest(problems)
    return found


def _source(node: FieldNode) -> Hashable:
    """The same for fields that read one variable: it may be long, and asked about many times."""
    match node.arguments:
        case [ArgumentNode(value=VariableNode(name=variable))]:
            return node.name.value, variable.value
        case _:
            return id(node)


def _read(node: FieldNode, variables: Mapping[str, Any]) -> ReadInput | InvalidRequest | None:
    """The input of a field or what is wrong with it; None where it has none."""
    try:
        if node.name.value == "bars":
            return read_bars(_arguments(node, variables))
        reader = _READERS.get(node.name.value)
        return reader(_input_of(node, variables)) if reader is not None else None
    except InvalidRequest as error:
        return error


def root_fields(document: DocumentNode, selection_set: SelectionSetNode) -> Iterator[FieldNode]:
    """The fields at the root of an operation, fragments written out, each of them once.

    See: docs/graphql.md
    """
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    left = [*reversed(selection_set.selections)]
    while left:
        node = left.pop()
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            left += reversed(node.selection_set.selections)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            left += reversed(fragments.pop(node.name.value).selection_set.selections)


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    return {
        definition.variable.name.value: to_raw(definition.default_value, {})
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }


def _input_of(node: FieldNode, variables: Mapping[str, Any]) -> Any:
    arguments = _arguments(node, variables)
    if "input" not in arguments:
        raise InvalidRequest([Problem(("input",), "required", "Field required")])
    return arguments["input"]


def _arguments(node: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    raw = {item.name.value: to_raw(item.value, variables) for item in node.arguments or ()}
    return {name: value for name, value in raw.items() if value is not _ABSENT}


def to_raw(node: ValueNode, variables: Mapping[str, Any]) -> Any:
    """A literal as a value; bare words stay apart from texts, absent variables leave no member.

    See: docs/graphql.md
    """
    if isinstance(node, VariableNode):
        return variables.get(node.name.value, _ABSENT)
    if isinstance(node, ListValueNode):
        items = [to_raw(item, variables) for item in node.values]
        return [None if item is _ABSENT else item for item in items]
    if isinstance(node, ObjectValueNode):
        members = {item.name.value: to_raw(item.value, variables) for item in node.fields}
        return {name: value for name, value in members.items() if value is not _ABSENT}
    return _to_scalar(node)


def _to_scalar(node: ValueNode) -> object:
    match node:
        case IntValueNode():
            return int(node.value)
        case FloatValueNode():
            return float(node.value)
        case StringValueNode() | BooleanValueNode():
            return node.value
        case EnumValueNode():
            return Word(node.value)
        case _:
            return None
