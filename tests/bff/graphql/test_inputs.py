"""Inputs of a document are read as often as they were written."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from backtest.errors import InvalidRequest
from bff.graphql import inputs
from bff.graphql.inputs import ReadInput, read_inputs
from tests.bff.doubles import GOOD
from tests.faces import to_graphql

INPUT = to_graphql(GOOD)


def read(document: str, **variables: Any) -> dict[str, ReadInput]:
    parsed = parse(document)
    operation = parsed.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return read_inputs(parsed, operation, variables)


def asked(*values: str) -> str:
    fields = [
        f"a{n}: estimateBacktest(input: {value}) {{ isAllowed }}" for n, value in enumerate(values)
    ]
    return f"query($i: RunBacktestInput!, $j: RunBacktestInput!) {{ {' '.join(fields)} }}"


def test_a_variable_is_read_once_however_many_fields_ask_about_it() -> None:
    found = read(asked("$i", "$j", "$i", "$i"), i=INPUT, j=INPUT)

    assert list(found) == ["a0", "a1", "a2", "a3"]
    assert found["a0"] is found["a2"] is found["a3"]
    assert found["a0"] is not found["a1"]


def test_so_is_one_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    n_read = 0

    def refuse(raw: object) -> ReadInput:
        nonlocal n_read
        n_read += 1
        return inputs.read_run(raw)

    monkeypatch.setattr(inputs, "_READERS", {"estimateBacktest": refuse})
    with pytest.raises(InvalidRequest) as refused:
        read(asked("$i", "$i", "{template: $i}", "$i"), i={"template": {}})

    assert n_read == 2
    assert len(refused.value.problems) > 1


def test_the_fields_of_one_variable_are_read_each_in_its_way() -> None:
    document = "query($i: X) { estimateBacktest(input: $i) { a } variantReport(input: $i) { a } }"

    with pytest.raises(InvalidRequest):
        read(document, i=INPUT)
