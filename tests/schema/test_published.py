import json
from pathlib import Path
from typing import Any

from schema.examples import GRID, SAVED
from schema.graphql.schema import graphql_sdl
from schema.openapi import openapi_document
from schema.parse import parse_request

PUBLISHED = Path(__file__).parents[2] / "schema"


def test_the_published_sdl_is_current() -> None:
    assert (PUBLISHED / "schema.graphql").read_text(encoding="utf-8") == graphql_sdl()


def test_the_published_openapi_document_is_current() -> None:
    published = json.loads((PUBLISHED / "openapi.json").read_text(encoding="utf-8"))

    assert published == openapi_document()


def test_openapi_lists_one_path_and_every_status() -> None:
    document = openapi_document()

    (path,) = document["paths"]
    statuses = set(document["paths"][path]["post"]["responses"])
    assert path == "/backtests"
    assert statuses == {
        "200", "400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "500", "503",
        "504",
    }  # fmt: skip


def test_every_reference_in_openapi_has_a_target() -> None:
    document = openapi_document()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert set(_references(document)) <= known


def test_the_examples_are_requests_that_can_be_sent() -> None:
    assert parse_request(GRID).template is not None
    assert parse_request(SAVED).strategy_id is not None


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for child in node.values() for ref in _references(child)]
    if isinstance(node, list):
        return [ref for child in node for ref in _references(child)]
    return []
