"""Documents whose only purpose is to cost more than they are worth."""

import json
from typing import Any

from tests.fuzz.asking import GRAPHQL_BODY, REST_BODY

LIMIT = 262_144
REST, GRAPHQL = "/backtests", "/graphql"
Attack = tuple[str, bytes]


def document(text: str, variables: Any = None) -> Attack:
    return GRAPHQL, json.dumps({"query": text, "variables": variables}).encode()


def repeated(item: str, n_bytes: int = LIMIT - 1_000) -> str:
    return item * (n_bytes // len(item))


def overlapping(n_fields: int) -> str:
    """Fields of one name in pairs of fragments: each pair has to be compared with each other."""
    fields = " ".join("indicators { id id id }" for _ in range(n_fields))
    return f"{{ {fields} }}"


def overlapping_fragments(n_fragments: int) -> str:
    spreads = " ".join(f"...F{i}" for i in range(n_fragments))
    bodies = " ".join(
        f"fragment F{i} on Query {{ x: indicators {{ id }} y: indicators {{ id }} }}"
        for i in range(n_fragments)
    )
    return f"{{ {spreads} }} {bodies}"


def doubling_fragments(depth: int) -> str:
    """Each fragment spreads the next one twice."""
    bodies = " ".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(depth))
    return f"{{ ...F0 }} {bodies} fragment F{depth} on Query {{ __typename }}"


def with_window(axis: dict[str, Any]) -> dict[str, Any]:
    """The GraphQL variables with another axis."""
    run = GRAPHQL_BODY["variables"]["input"]["template"]
    grid = {"indicatorId": "ma.sma", "params": [{"name": "window", "axis": axis}]}
    return {"input": {"template": {**run, "indicatorGrids": [grid]}}}


def rest_with(**changes: Any) -> Attack:
    body = {**REST_BODY, "template": {**REST_BODY["template"], **changes}}
    return REST, json.dumps(body).encode()


RUN = str(GRAPHQL_BODY["query"])
MANY = list(range(2, 40_002))
ATTACKS: dict[str, Attack] = {
    "20 000 aliases": document("{" + "".join(f"a{i}:__typename " for i in range(15_000)) + "}"),
    "1000 aliases of a question": document(
        "{" + "".join(f"a{i}:indicators{{id}} " for i in range(330)) + "}"
    ),
    "fields 10 000 deep": document("{a" * 10_000 + "}" * 10_000),
    "fields 60 deep": document("{a" * 60 + "}" * 60),
    "lists 10 000 deep in a literal": document("{a(x:" + "[" * 10_000 + "]" * 10_000 + ")}"),
    "a comment of 260 KB": document("#" + repeated("x") + "\n{ nope }"),
    "130 000 comment lines": document(repeated("#\n", 170_000) + "{ nope }"),
    "blanks and commas": document(repeated(" ,") + "{ nope }"),
    "an unclosed text of 260 KB": document('{ a(x: "' + repeated("x")),
    "a block text of 200 KB": document('{ a(x: """' + repeated("x\n", 150_000) + '""") }'),
    "a fragment cycle": document(
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
    ),
    "300 fragments in a ring": document(
        "{ ...F0 } "
        + " ".join(f"fragment F{i} on Query {{ ...F{(i + 1) % 300} }}" for i in range(300))
    ),
    "fragments that double 150 times": document(doubling_fragments(150)),
    "280 equal fields": document(overlapping(280)),
    "90 overlapping fragments": document(overlapping_fragments(90)),
    "1900 directives": document("{ a " + "@a " * 1_900 + "}"),
    "600 directives": document("{ __typename " + "@skip(if: false) " * 240 + "nope }"),
    "a list of 1900 items in a literal": document("{ a(x: [" + "1 " * 1_900 + "]) }"),
    "a list of 40 000 variables' values": document(
        RUN, with_window({"explicit": {"values": [*MANY, 1]}})
    ),
    "40 000 unknown members": document(RUN, {"input": {f"m{i}": 0 for i in range(15_000)}}),
    "15 000 unused variables": document(RUN, {f"v{i}": 0 for i in range(15_000)}),
    "600 declared variables": document(
        "query (" + " ".join(f"$v{i}: Int" for i in range(480)) + ") { nope }"
    ),
    "a name of 250 KB": document("{ " + repeated("n") + " }"),
    "10 MB": (GRAPHQL, b" " * 10_000_000),
    "10 MB over REST": (REST, b" " * 10_000_000),
    "JSON 100 000 deep": (REST, b"[" * 100_000),
    "a number of 260 KB": (REST, b"9" * 260_000),
    "unclosed texts": (REST, b'"\\' * 130_000),
    "13 000 equal keys": (REST, b"{" + b",".join([b'"a":0'] * 40_000) + b"}"),
    "30 000 keys": (REST, json.dumps({f"m{i}": 0 for i in range(18_000)}).encode()),
    "40 000 values on an axis": rest_with(
        indicator_grids=[
            {"indicator_id": "ma.sma", "params": {"window": {"mode": "explicit", "values": MANY}}}
        ]
    ),
    "10^12 values on an axis": rest_with(
        indicator_grids=[
            {
                "indicator_id": "ma.sma",
                "params": {
                    "window": {"mode": "range", "start": 2, "stop_incl": 10**12, "step": 1}
                },
            }
        ]
    ),
    "4000 indicators": rest_with(indicator_grids=[{"indicator_id": "ma.sma"}] * 4_000),
    "4000 empty indicators": rest_with(indicator_grids=[{}] * 60_000),
    "20 000 wrong values": rest_with(
        risk_grid={"sl_enabled": True, "sl": {"mode": "explicit", "values": [None] * 40_000}}
    ),
}  # fmt: skip
