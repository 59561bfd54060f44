"""Answers in fewer bytes, for clients that say they can read them (RFC 9110, 12.5.3).

The settings are fixed and gzip carries no time, so equal texts become equal bytes.
See: docs/reliability.md#answers
"""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# brotli has no types.

import zlib
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import brotli

Coding = Literal["br", "gzip"]

PREFERRED: tuple[Coding, ...] = ("br", "gzip")
ALIASES: Mapping[str, str] = {"x-gzip": "gzip"}
GZIP_LEVEL = 6
GZIP_WINDOW = 16 + zlib.MAX_WBITS
BROTLI_QUALITY = 4
MAX_HEADER_CHARS = 1_000


class Encoder(Protocol):
    """Compresses one text, which comes in parts.

    See: docs/reliability.md#answers
    """

    def encode(self, text: bytes) -> bytes:
        """What is ready after this part."""
        ...

    def finish(self) -> bytes:
        """The rest."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW)

    def encode(self, text: bytes) -> bytes:
        return self._stream.compress(text)

    def finish(self) -> bytes:
        return self._stream.flush()


class _Brotli:
    def __init__(self) -> None:
        self._stream: Any = brotli.Compressor(quality=BROTLI_QUALITY)

    def encode(self, text: bytes) -> bytes:
        return self._stream.process(text)

    def finish(self) -> bytes:
        return self._stream.finish()


def encoder_of(coding: Coding) -> Encoder:
    """A new encoder; one is for one text.

    See: docs/reliability.md
    """
    return _Brotli() if coding == "br" else _Gzip()


def accepted_coding(header: str) -> Coding | None:
    """What an `Accept-Encoding` asks for; None for a plain text.

    Args:
        header: Its value; empty where the client has sent none. Weights that are no numbers
            refuse what they stand at, and a header that is absurdly long asks for nothing.

    Returns:
        The coding with the greatest weight; of equal ones brotli, which is smaller.

    See: docs/reliability.md
    """
    weights = dict(map(_weighted, header.split(","))) if len(header) <= MAX_HEADER_CHARS else {}
    others = weights.get("*", 0.0)
    best = max(PREFERRED, key=lambda coding: weights.get(coding, others))
    weight = weights.get(best, others)
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else None


def _weighted(item: str) -> tuple[str, float]:
    name, _, weight = item.partition(";")
    name = name.strip().lower()
    return ALIASES.get(name, name), _weight(weight.strip().lower())


def _weight(text: str) -> float:
    if not text:
        return 1.0
    name, _, value = text.partition("=")
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip() == "q" and 0 <= weight <= 1 else 0.0
