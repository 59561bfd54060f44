"""Requests that nobody should send, drawn from a seed: mangled values and mangled bytes."""

import json
import random
from copy import deepcopy
from typing import Any

NASTY_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.0, 1.5, 2**31, 2**63, 2**64, 10**30, -(10**30), 1e308, 5e-324,
    "", " ", "1", "NaN", "null", "\x00", "\u202e", "é" * 40, "x" * 5_000, "2024-01-01T00:00:00Z",
    "2024-01-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "00000000", [], {}, [[]],
    [None], [1, 1], {"": 0}, {"mode": "range"}, {"mode": "explicit", "values": []},
    {"mode": "explicit", "values": [1, "1", None]},
    {"mode": "range", "start": 1, "stop_incl": 10**12, "step": 1},
    {"mode": "range", "start": 0, "stop_incl": 1, "step": 1e-300},
    {"mode": "range", "start": 5, "stop_incl": 1, "step": -1},
)  # fmt: skip
NASTY_NAMES = ("", "x", "mode", "values", "__proto__", "template", "strategy_id", "é", "a" * 300)
NASTY_LITERALS = (
    b"NaN", b"-Infinity", b"1e400", b"-0", b"01", b"1_0", b"9" * 70, b'"\\ud800"', b"\xff", b"\x00",
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"//", b"/**/", b"\xef\xbb\xbf", b"[" * 50,
)  # fmt: skip


def hostile_bodies(base: dict[str, Any], *, seed: int, count: int) -> list[bytes]:
    """Bodies that differ from the base in one to four places; the same ones for the same seed."""
    draw = random.Random(seed)
    return [_mangled(base, draw) for _ in range(count)]


def _mangled(base: dict[str, Any], draw: random.Random) -> bytes:
    value = deepcopy(base)
    for _ in range(draw.randint(0, 3)):
        _mangle_value(value, draw)
    body = json.dumps(value).encode()
    return _mangle_bytes(body, draw) if draw.random() < 0.4 else body


def _mangle_value(value: dict[str, Any], draw: random.Random) -> None:
    parent, key = draw.choice(_places(value))
    match draw.randrange(4):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[draw.choice(NASTY_NAMES)] = deepcopy(draw.choice(NASTY_VALUES))
        case 2 if isinstance(parent, dict):
            parent[draw.choice(NASTY_NAMES)] = parent.pop(key)
        case _:
            parent[key] = deepcopy(draw.choice(NASTY_VALUES))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every member of every object and list, as its parent and key."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], dict | list):
            found += _places(value[key])
    return found or [({"x": 1}, "x")]


def _mangle_bytes(body: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(body) + 1)
    match draw.randrange(4):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + draw.choice(NASTY_LITERALS) + body[at:]
        case 2:
            return body[:at] + draw.randbytes(draw.randint(1, 4)) + body[at + 1 :]
        case _:
            end = min(len(body), at + draw.randint(1, 30))
            return body[:end] + body[at:end] + body[end:]
