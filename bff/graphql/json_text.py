"""A result as compact JSON in small pieces, the same bytes as `json.dumps` writes at once.

See: docs/reliability.md
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

ITEMS_PER_PIECE = 256

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def json_pieces(value: Any) -> Iterator[bytes]:
    """The text of a value made of objects, lists and scalars; pieces end between items of lists.

    Yields:
        Bytes in UTF-8.

    Raises:
        ValueError: A number is not finite.

    See: docs/reliability.md#answers
    """
    if _is_flat(value):
        yield _encode(value).encode()
    elif isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        named = (_member(name, member) for name, member in members)
        yield from _joined(b"{", named, b"}")
    else:
        yield from _joined(b"[", _slices(value), b"]")


def _member(name: str, value: Any) -> Iterator[bytes]:
    yield _encode(name).encode() + b":"
    yield from json_pieces(value)


def _slices(items: list[Any]) -> Iterator[Iterator[bytes]]:
    """Items that hold nothing below them are written many at a time."""
    for start in range(0, len(items), ITEMS_PER_PIECE):
        several = items[start : start + ITEMS_PER_PIECE]
        if all(map(_is_flat, several)):
            yield iter((_encode(several)[1:-1].encode(),))
        else:
            yield from map(json_pieces, several)


def _is_flat(value: Any) -> bool:
    if isinstance(value, dict):
        return not any(map(_is_container, cast("dict[str, Any]", value).values()))
    return not isinstance(value, list) or not any(map(_is_container, cast("list[Any]", value)))


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list)


def _joined(opening: bytes, parts: Iterable[Iterator[bytes]], closing: bytes) -> Iterator[bytes]:
    for part in parts:
        yield opening
        yield from part
        opening = b","
    yield closing
