import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.errors import InvalidRequest
from bff.http.errors import RoehubError
from bff.http.strict_json import JsonLimits, parse_json

N_BYTES = 1 << 22  # what is not linear takes hours
LIMITS = JsonLimits(max_depth=8, max_number_chars=40, max_values=50)


def verdict(body: bytes) -> str:
    """The code a body is refused with, or `accepted`."""
    try:
        parse_json(body, LIMITS)
    except InvalidRequest as exc:
        return exc.problems[0].code
    except RoehubError as exc:
        return exc.code.value
    return "accepted"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{}", "accepted"),
        (b' {"a": [1, -2.5e3, "\\u00e9", "\\ud83d\\ude00", true, false, null]} ', "accepted"),
        (b'"just text"', "accepted"),
        (b'{"a": 1, "b": {"a": 1}}', "accepted"),
        (b'{"a": "[[[[[[[[[[[[[[[["}', "accepted"),
        (b'{"a": "123456789012345678901234567890123456789012345"}', "accepted"),
        (b'{"a": "\\\\ud800"}', "accepted"),
        (b'{"a": "\\"[[[[[[[[[[[["}', "accepted"),
        (b'{"a": "' + b"," * 60 + b'"}', "accepted"),
        (b"[" + b"0," * 50 + b"0]", "accepted"),
        (b"[" + b"0," * 51 + b"0]", "too_many_values"),
        (b"[" + b'{"a": null},' * 51 + b"0]", "too_many_values"),
        (b"", "malformed_request"),
        (b"   ", "malformed_request"),
        (b"{", "malformed_request"),
        (b'{"a": }', "malformed_request"),
        (b"{'a': 1}", "malformed_request"),
        (b'{"a": 1,}', "malformed_request"),
        (b'{"a": 01}', "malformed_request"),
        (b'{"a": .5}', "malformed_request"),
        (b'{"a": +1}', "malformed_request"),
        (b"{} {}", "malformed_request"),
        (b'{"a": "\x01"}', "malformed_request"),
        (b'{"a": "open', "malformed_request"),
        (b'{"a": "\\', "malformed_request"),
        (b"a=1&b=2", "malformed_request"),
        (b"\xef\xbb\xbf{}", "malformed_request"),
        (b"\xff\xfe{\x00}\x00", "malformed_request"),
        (b'{"a": "\xff"}', "malformed_request"),
        (b'{"a": "\xed\xa0\x80"}', "malformed_request"),
        (b'{"a": NaN}', "finite_number"),
        (b'{"a": Infinity}', "finite_number"),
        (b'{"a": -Infinity}', "finite_number"),
        (b'{"a": 1e400}', "finite_number"),
        (b'{"a": -1e400}', "finite_number"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "number_too_long"),
        (b'{"a": 0.' + b"1" * 5_000 + b"}", "number_too_long"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'{"a": {"b": 1, "b": 2}}', "duplicate_key"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate_key"),
        (b'{"a": "\\ud800"}', "lone_surrogate"),
        (b'{"a": "\\uDC00\\uD800"}', "lone_surrogate"),
        (b'{"\\ud800": 1}', "lone_surrogate"),
        (b"[" * 9 + b"]" * 9, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
    ],
)
def test_a_body_has_one_meaning_or_none(body: bytes, expected: str) -> None:
    assert verdict(body) == expected


def test_a_lone_surrogate_is_named_by_its_place() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_json(b'{"template": {"symbols": ["a", "\\ud800"]}}', LIMITS)

    assert caught.value.problems[0].loc == ("template", "symbols", 1)


def test_numbers_keep_their_types() -> None:
    value = parse_json(b'{"a": 30, "b": 30.0}', LIMITS)

    assert value == {"a": 30, "b": 30.0}
    assert isinstance(value, dict)
    assert [type(item) for item in value.values()] == [int, float]


@pytest.mark.parametrize(
    "body",
    [
        b'"\\' * (N_BYTES // 2),
        b'\\"' * (N_BYTES // 2),
        b'"' * N_BYTES,
        b"[]," * (N_BYTES // 3),
        b"1" * N_BYTES,
        b"{" + b",".join(b'"%d":1' % i for i in range(N_BYTES // 10)) + b',"0":2}',
    ],
    ids=["open texts", "escaped quotes", "quotes", "brackets", "digits", "keys"],
)
def test_hostile_bodies_are_judged_in_linear_time(body: bytes) -> None:
    verdict(body)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_documented_refusal(body: bytes) -> None:
    assert verdict(body) == verdict(body)


@given(st.text(alphabet='{}[]",:\\u0123d8eE.-+ NaInfity', max_size=60))
def test_any_near_json_gives_a_value_or_a_documented_refusal(text: str) -> None:
    verdict(text.encode())
