"""JSON as the service accepts it: one meaning per document, or a refusal.

Limits are checked on the bytes before anything is built from them, so that a hostile body costs
one linear pass.
See: docs/security.md
"""

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from backtest.errors import InvalidRequest, Loc, Problem
from bff.http.errors import MAX_SEGMENT_CHARS, Code, RoehubError

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

# An unterminated string is one token too: searching again behind each of its quotes would make
# the scan quadratic (tests/bff/http/test_strict_json.py, hostile bodies).
_TOKEN = re.compile(
    rb"""
    "(?:[^"\\]|\\.)*+(?:"|\\?\Z)   # text
    | [\[{] | [\]}] | ,
    | -?[0-9][0-9eE+\-.]*           # number
    """,
    re.DOTALL | re.VERBOSE,
)
_QUOTE, _COMMA = b'",'
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLimits:
    """How deep a document may nest, how long a number may be and how many values there may be.

    A value can be a problem, and problems are what costs: twenty times their parsing.

    See: docs/security.md
    """

    max_depth: int = 32
    max_number_chars: int = 64
    max_values: int = 10_000


def parse_json(body: bytes, limits: JsonLimits) -> Json:
    """Parse a request body.

    Args:
        body: The raw bytes, already under the size limit.
        limits: Depth and number length.

    Returns:
        Dicts, lists, str, int, float, bool, None; every float is finite, every text is Unicode.

    Raises:
        RoehubError: `malformed_request`, the body is not UTF-8 or not JSON.
        InvalidRequest: It is JSON, but nests too deep, has too many values, a number that is too
            long or not finite, a duplicate key or half of a surrogate pair.

    See: docs/security.md
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise RoehubError(Code.MALFORMED_REQUEST, "The body is not UTF-8") from exc
    _check_limits(body, limits)
    problems: list[Problem] = []
    value = _parse(text, problems)
    if _SURROGATE_ESCAPE.search(text):
        _find_surrogates(value, (), problems)
    if problems:
        raise InvalidRequest(problems)
    return value


def _check_limits(body: bytes, limits: JsonLimits) -> None:
    depth = n_values = 0
    for match in _TOKEN.finditer(body):
        first = body[match.start()]
        if first in b"[{":
            depth += 1
            if depth > limits.max_depth:
                _refuse("too_deep", f"JSON must not nest deeper than {limits.max_depth} levels")
        elif first in b"]}":
            depth -= 1
        elif first == _COMMA:
            n_values += 1
            if n_values > limits.max_values:
                _refuse("too_many_values", f"JSON must contain at most {limits.max_values} values")
        elif first != _QUOTE and match.end() - match.start() > limits.max_number_chars:
            _refuse(
                "number_too_long",
                f"a number must have at most {limits.max_number_chars} characters",
            )


def _parse(text: str, problems: list[Problem]) -> Json:
    def to_object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        result = dict(pairs)
        if len(result) < len(pairs):
            uses = Counter(key for key, _ in pairs)
            problems.extend(_repeated(key) for key, n in uses.items() if n > 1)
        return result

    def to_float(literal: str) -> float:
        number = float(literal)
        if not math.isfinite(number):
            problems.append(Problem((), "finite_number", "a number must fit into a 64-bit float"))
        return number

    def to_constant(name: str) -> float:
        problems.append(Problem((), "finite_number", f"a number must be finite, was {name}"))
        return 0.0

    try:
        return json.loads(
            text,
            object_pairs_hook=to_object,
            parse_float=to_float,
            parse_constant=to_constant,
        )
    except json.JSONDecodeError as exc:
        raise RoehubError(
            Code.MALFORMED_REQUEST,
            f"The body is not JSON: line {exc.lineno}, column {exc.colno}",
        ) from exc


def _find_surrogates(value: Json, loc: Loc, problems: list[Problem]) -> None:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            problems.append(
                Problem(loc, "lone_surrogate", "text must not contain half of a surrogate pair")
            )
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _find_surrogates(item, (*loc, i), problems)
    elif isinstance(value, dict):
        for key, item in value.items():
            _find_surrogates(key, loc, problems)
            _find_surrogates(item, (*loc, _SURROGATE.sub("?", key)), problems)


def _repeated(key: str) -> Problem:
    shown = json.dumps(key if len(key) <= MAX_SEGMENT_CHARS else key[:MAX_SEGMENT_CHARS] + "…")
    return Problem((), "duplicate_key", f"an object must not repeat a key; {shown} is repeated")


def _refuse(code: str, message: str) -> NoReturn:
    raise InvalidRequest([Problem((), code, message)])
