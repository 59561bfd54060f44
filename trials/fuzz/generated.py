"""Requests made from the published schemas, right and wrong ones."""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# The generators are installed for `make fuzz` only.

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from hypothesis_graphql import from_schema, nodes
from schemathesis import GenerationMode

PUBLISHED = Path(__file__).parents[2] / "schema"
WHOLE = st.integers(-3, 2**33).map(nodes.Int)
SCALARS = {
    "AxisValue": st.integers(-50, 2**40).map(nodes.Int)
    | st.floats(allow_nan=False, allow_infinity=False).map(nodes.Float)
    | st.sampled_from(["close", "hlc3", ""]).map(nodes.String),
    "DateTime": st.datetimes().map(lambda moment: nodes.String(f"{moment.isoformat()}Z")),
    "WholeNumber": WHOLE,
    "BigInt": WHOLE,
    "UUID": st.uuids().map(lambda uuid: nodes.String(str(uuid))),
}


def openapi_bodies(count: int, *, is_valid: bool) -> list[bytes]:
    """Bodies that the OpenAPI document allows, or ones that it does not."""
    schema = schemathesis.openapi.from_path(PUBLISHED / "openapi.json")
    mode = GenerationMode.POSITIVE if is_valid else GenerationMode.NEGATIVE
    cases = schema["/backtests"]["POST"].as_strategy(generation_mode=mode)
    return drawn(cases, lambda case: to_bytes(case.body), count)


def graphql_documents(count: int) -> list[bytes]:
    """Documents that the GraphQL schema allows, with literal inputs."""
    schema = (PUBLISHED / "schema.graphql").read_text(encoding="utf-8")
    documents = from_schema(schema, custom_scalars=SCALARS)
    return drawn(documents, lambda text: to_bytes({"query": text}), count)


def to_bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    try:
        return json.dumps(body).encode()
    except TypeError:  # nothing at all
        return b""


def drawn(
    strategy: SearchStrategy[Any], to_body: Callable[[Any], bytes], count: int
) -> list[bytes]:
    """The same bodies every time; hypothesis only generates, nothing is shrunk."""
    bodies: list[bytes] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
    @given(value=strategy)
    def draw(value: Any) -> None:
        bodies.append(to_body(value))

    draw()
    return bodies[:count]
