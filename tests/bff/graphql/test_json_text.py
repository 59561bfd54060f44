"""JSON in pieces has the bytes of JSON at once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.graphql.json_text import ITEMS_PER_PIECE, json_pieces

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers() | FLOATS | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30
)


def at_once(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


@given(VALUES.filter(lambda value: "\\ud" not in json.dumps(value)))
def test_pieces_are_the_text(value: Any) -> None:
    assert b"".join(json_pieces(value)) == at_once(value)


@pytest.mark.parametrize("n", [0, 1, ITEMS_PER_PIECE, ITEMS_PER_PIECE + 1, 5 * ITEMS_PER_PIECE])
def test_a_long_list_is_written_in_slices(n: int) -> None:
    trades = [{"tradeId": i, "entryTs": "2024"} for i in range(n)]
    value = {"variants": [{"report": {"trades": trades}}, {"report": None}]}

    pieces = list(json_pieces(value))

    assert b"".join(pieces) == at_once(value)
    assert max(map(len, pieces)) < 40 * ITEMS_PER_PIECE


def test_infinity_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        list(json_pieces({"a": [float("inf")]}))
