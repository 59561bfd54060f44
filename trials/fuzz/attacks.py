"""Documents whose only purpose is to cost more than they are worth."""

import json
from typing import Any

from trials.fuzz.asking import GRAPHQL_BODY, REST_BODY

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


def doubling_fragments(depth: int, leaf: str = "__typename") -> str:
    """Each fragment spreads the next one twice."""
    bodies = " ".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(depth))
    return f"{{ ...F0 }} {bodies} fragment F{depth} on Query {{ {leaf} }}"


def chained_fragments(n_fragments: int, opening: str, *, is_backwards: bool = False) -> str:
    """Each fragment spreads the next one, 55 levels below its own beginning."""
    order = range(n_fragments)
    spreads = " ".join(f"...F{i}" for i in (reversed(order) if is_backwards else order))
    bodies = " ".join(
        f"fragment F{i} on Query {opening * 55}{{ __typename ...F{i + 1} }}{'}' * 55}"
        for i in order
    )
    return f"{{ {spreads} }} {bodies} fragment F{n_fragments} on Query {{ __typename }}"


def with_window(axis: dict[str, Any]) -> dict[str, Any]:
    """The GraphQL variables with another axis."""
    run = GRAPHQL_BODY["variables"]["input"]["template"]
    grid = {"indicatorId": "ma.sma", "params": [{"name": "window", "axis": axis}]}
    return {"input": {"template": {**run, "indicatorGrids": [grid]}}}


def rest_with(**changes: Any) -> Attack:
    body = {**REST_BODY, "template": {**REST_BODY["template"], **changes}}
    return REST, json.dumps(body).encode()


def rest_with_window(axis: dict[str, Any]) -> Attack:
    return rest_with(indicator_grids=[{"indicator_id": "ma.sma", "params": {"window": axis}}])


RUN = str(GRAPHQL_BODY["query"])
NAMES = [f"m{i}" for i in range(9_900)]
ATTACKS: dict[str, Attack] = {
    "15 000 aliases": document("{" + "".join(f"a{i}:__typename " for i in range(15_000)) + "}"),
    "330 aliases of a question": document(
        "{" + "".join(f"a{i}:indicators{{id}} " for i in range(330)) + "}"
    ),
    "fields nested 10 000 deep": document("{a" * 10_000 + "}" * 10_000),
    "fields nested 60 deep": document("{a" * 60 + "}" * 60),
    "lists nested 10 000 deep": document("{a(x:" + "[" * 10_000 + "]" * 10_000 + ")}"),
    "a comment of 260 KB": document("#" + repeated("x") + "\n{ nope }"),
    "a comment of 47 KB": document("#" + "x" * 47_000 + "\n{ nope }"),
    "85 000 comments": document(repeated("#\n", 170_000) + "{ nope }"),
    "1 900 comments": document("#\n" * 1_900 + "{ nope }"),
    "47 KB of blanks and commas": document(" ," * 23_500 + "{ nope }"),
    "a text of 47 KB": document('{ a(x: "' + "x" * 47_000 + '") }'),
    "a text of 7 900 escapes": document('{ a(x: "' + "\\u0041" * 7_900 + '") }'),
    "a block text of 23 000 lines": document('{ a(x: """' + "x\n" * 23_000 + '""") }'),
    "a name of 47 KB": document("{ " + "n" * 47_000 + " }"),
    "a fragment cycle": document(
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
    ),
    "fragments that double 150 times": document(doubling_fragments(150)),
    "fragments that double 190 times into nothing": document(doubling_fragments(190, "...Nowhere")),
    "fragments that double 55 times into nothing": document(doubling_fragments(55, "...Nowhere")),
    "fields nested through fragments": document(chained_fragments(6, "{ a ")),
    "inline fragments nested through fragments": document(chained_fragments(6, "{ ... ")),
    "inline fragments nested backwards": document(
        chained_fragments(6, "{ ... ", is_backwards=True)
    ),
    "280 overlapping fields": document(overlapping(280)),
    "90 overlapping fragments": document(overlapping_fragments(90)),
    "950 directives": document("{ a " + "@a " * 950 + "}"),
    "240 repeated directives": document("{ __typename " + "@skip(if: false) " * 240 + "nope }"),
    "a literal list of 1 900 values": document("{ a(x: [" + "1 " * 1_900 + "]) }"),
    "480 declared variables": document(
        "query (" + " ".join(f"$v{i}: Int" for i in range(480)) + ") { nope }"
    ),
    "15 000 variables": document(RUN, {f"v{i}": 0 for i in range(15_000)}),
    "9 900 unknown members": document(RUN, {"input": {"template": dict.fromkeys(NAMES, 0)}}),
    "9 900 fractions on an axis": document(
        RUN, with_window({"explicit": {"values": [place + 0.5 for place in range(9_900)]}})
    ),
    "9 900 nulls on an axis": document(RUN, with_window({"explicit": {"values": [None] * 9_900}})),
    "introspection of types of types": document(
        "{__schema{types{" + "fields{type{" * 12 + "name" + "}}" * 12 + "}}}"
    ),
    "10 MB": (GRAPHQL, b" " * 10_000_000),
    "10 MB, REST": (REST, b" " * 10_000_000),
    "JSON nested 100 000 deep, REST": (REST, b"[" * 100_000),
    "a number of 260 KB, REST": (REST, b"9" * 260_000),
    "unclosed texts of 260 KB, REST": (REST, b'"\\' * 130_000),
    "40 000 equal keys, REST": (REST, b"{" + b",".join([b'"a":0'] * 40_000) + b"}"),
    "9 900 unknown members, REST": (REST, json.dumps(dict.fromkeys(NAMES, 0)).encode()),
    "9 900 halves of surrogate pairs, REST": (REST, json.dumps(["\ud800"] * 9_900).encode()),
    "10^12 values on an axis, REST": rest_with_window(
        {"mode": "range", "start": 2, "stop_incl": 10**12, "step": 1}
    ),
    "9 900 fractions on an axis, REST": rest_with_window(
        {"mode": "explicit", "values": [place + 0.5 for place in range(9_900)]}
    ),
    "9 000 equal indicators, REST": rest_with(indicator_grids=[{"indicator_id": "ma.sma"}] * 9_000),
    "60 000 empty indicators, REST": rest_with(indicator_grids=[{}] * 60_000),
    "40 000 nulls on an axis, REST": rest_with(
        risk_grid={"sl_enabled": True, "sl": {"mode": "explicit", "values": [None] * 40_000}}
    ),
}
