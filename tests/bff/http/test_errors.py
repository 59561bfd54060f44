import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backtest import errors as domain
from backtest.errors import BacktestError, GuardExceeded, InvalidRequest, Loc, Overloaded, Problem
from bff.http.errors import (
    CODE_OF,
    STATUS_OF,
    Code,
    RoehubError,
    error_response,
    graphql_payload,
    masked,
    payload,
    to_roehub,
)
from schema.openapi import openapi_document

DOCS = Path(__file__).parents[3] / "docs" / "errors.md"
GROUPS = {domain.Mistake, domain.Transient}


def subclasses(cls: type[BacktestError]) -> Iterator[type[BacktestError]]:
    for child in cls.__subclasses__():
        yield child
        yield from subclasses(child)


def invalid(*problems: tuple[Loc, str, str]) -> RoehubError:
    return to_roehub(InvalidRequest([Problem(*problem) for problem in problems]))


def test_every_domain_error_has_a_code() -> None:
    assert set(subclasses(BacktestError)) - GROUPS == set(CODE_OF)


def test_every_code_has_a_status() -> None:
    assert set(STATUS_OF) == set(Code)


def test_every_status_is_published() -> None:
    responses = openapi_document()["paths"]["/backtests"]["post"]["responses"]

    assert set(responses) == {"200", *map(str, STATUS_OF.values())}


@pytest.mark.parametrize("code", list(Code))
def test_every_code_is_documented(code: Code) -> None:
    assert f"\n## `{code.value}` ({STATUS_OF[code]})\n" in DOCS.read_text(encoding="utf-8")


def test_every_domain_error_stands_in_the_table_of_the_docs_beside_its_code() -> None:
    rows = re.findall(
        r"^\| (`[A-Z].*) \| `(\w+)` \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE
    )
    told = {name: code for names, code in rows for name in re.findall(r"`(\w+)`", names)}

    leaves = set(subclasses(BacktestError)) - GROUPS
    assert told == {cls.__name__: CODE_OF[cls].value for cls in leaves}


def test_the_tree_of_errors_names_every_class() -> None:
    names = re.findall(r"[├└]── (\w+)", str(domain.__doc__))

    assert sorted(names) == sorted(cls.__name__ for cls in subclasses(BacktestError))


def test_problems_are_sorted_by_path_code_and_message() -> None:
    error = invalid(
        (("template", "timeframe"), "enum", "b"),
        (("template", "timeframe"), "enum", "a"),
        (("template", "timeframe"), "a_code", "z"),
        (("ranking",), "value_error", "m"),
        (("template", "indicator_grids", 0, "params", "window", "step"), "greater_than", "s"),
    )

    assert [(item["path"], item["code"], item["message"]) for item in error.details["errors"]] == [
        ("body.ranking", "value_error", "m"),
        ("body.template.indicator_grids.0.params.window.step", "greater_than", "s"),
        ("body.template.timeframe", "a_code", "z"),
        ("body.template.timeframe", "enum", "a"),
        ("body.template.timeframe", "enum", "b"),
    ]
    assert (error.code, error.status, error.message) == (
        "validation_error",
        422,
        "Validation failed",
    )


def test_a_face_may_spell_places_in_its_own_way() -> None:
    error = to_roehub(
        InvalidRequest([Problem(("top_k",), "int_type", "m")]), lambda loc: f"input.{loc[0]}!"
    )

    assert error.details["errors"][0]["path"] == "input.top_k!"


def test_many_problems_are_cut_and_counted() -> None:
    error = invalid(*(((f"field_{i:03}",), "extra_forbidden", "m") for i in range(120)))

    assert len(error.details["errors"]) == 50
    assert error.details["more"] == 70


def test_nothing_a_client_sent_can_make_the_answer_large() -> None:
    error = invalid((("x" * 1_000_000,), "extra_forbidden", "y" * 1_000_000))

    assert len(error_response(error).body) < 1_000


def test_guards_keep_their_numbers() -> None:
    error = to_roehub(
        GuardExceeded(
            "too many", error="max_variants_per_compute_exceeded", stage="stage_a", limit=3, total=9
        )
    )

    assert payload(error) == {
        "error": {
            "code": "validation_error",
            "message": "too many",
            "details": {
                "error": "max_variants_per_compute_exceeded",
                "stage": "stage_a",
                "limit": 3,
                "total": 9,
            },
        }
    }


@pytest.mark.parametrize("rendered", [payload, graphql_payload])
def test_the_numbers_of_a_guard_are_sorted(
    rendered: Callable[[RoehubError], dict[str, object]],
) -> None:
    facts = {"total_variants": 9, "max_variants_per_compute": 3}
    guard = GuardExceeded("m", error="max_variants_per_compute_exceeded", stage="stage_a", **facts)

    text = json.dumps(rendered(to_roehub(guard)))

    names = ["error", "max_variants_per_compute", "stage", "total_variants"]
    places = [text.index(f'"{name}": ') for name in names[1:]]
    assert places == sorted(places)
    assert list(to_roehub(guard).details) == names


def test_a_refusal_for_now_says_when_to_come_back() -> None:
    response = error_response(to_roehub(Overloaded(7)))

    assert response.status_code == 503
    assert response.headers["retry-after"] == "7"


def test_a_graphql_refusal_carries_the_same_facts() -> None:
    error = RoehubError(Code.PAYLOAD_TOO_LARGE, "big", {"max_bytes": 1})

    assert graphql_payload(error) == {
        "errors": [
            {
                "message": "big",
                "extensions": {
                    "code": "payload_too_large",
                    "status": 413,
                    "details": {"max_bytes": 1},
                },
            }
        ]
    }


def test_a_bug_shows_nothing_but_its_id() -> None:
    error = masked(RuntimeError("password=hunter2"))

    body = json.loads(bytes(error_response(error).body))

    assert error.status == 500
    assert set(body["error"]["details"]) == {"error_id"}
    assert "hunter2" not in str(body)


def test_equal_errors_are_equal_bytes() -> None:
    first = error_response(invalid((("b",), "c", "é"), (("a",), "c", "\x00")))
    second = error_response(invalid((("a",), "c", "\x00"), (("b",), "c", "é")))

    assert first.body == second.body
