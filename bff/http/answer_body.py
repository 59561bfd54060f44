"""The text of an answer in pieces, which neither of the two processes ever puts together.

Writing an answer, and compressing it, is a part of the run: it ends with the run's control, and at
the longest answer that is allowed. See: docs/reliability.md
"""

import pickle
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from backtest.control import Control
from backtest.errors import AnswerTooLong
from bff.http.content_coding import Coding, Encoder, encoder_of

PIECE_BYTES = 1 << 18
# Less than this fits into a packet or two anyway.
MIN_CODED_BYTES = 2_048


class AnswerBody:
    """Bytes in pieces that travel between processes without being copied into a pickle.

    Args:
        pieces: The text in order.
        coding: What was done to it to have fewer bytes.

    See: docs/reliability.md#answers
    """

    def __init__(self, *pieces: bytes, coding: Coding | None = None) -> None:
        self.pieces = pieces
        self.coding: Coding | None = coding

    def __len__(self) -> int:
        """Bytes in all."""
        return sum(map(len, self.pieces))

    def __bytes__(self) -> bytes:
        """The whole text."""
        return b"".join(self.pieces)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Hand the pieces to the pickler as buffers, which it may leave out of the pickle."""
        buffers = map(pickle.PickleBuffer, self.pieces)
        return _answer_body, (self.coding, *buffers)


def _answer_body(coding: Coding | None, *pieces: bytes) -> AnswerBody:
    return AnswerBody(*pieces, coding=coding)


class PiecewiseResponse(Response):
    """A response that sends an answer piece by piece.

    Args:
        body: The answer.
        status_code: HTTP status.
        headers: Headers besides length and type.
        media_type: The type.

    See: docs/reliability.md#answers
    """

    def __init__(
        self, body: AnswerBody, status_code: int, headers: Mapping[str, str], media_type: str
    ) -> None:
        super().__init__(None, status_code, dict(headers), media_type)
        self.headers["content-length"] = str(len(body))
        self.headers.add_vary_header("Accept-Encoding")
        if body.coding is not None:
            self.headers["content-encoding"] = body.coding
        self._pieces = body.pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, then one piece after the other; a slow reader slows them down."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def write_answer(
    texts: Iterable[bytes], control: Control, max_bytes: int, coding: Coding | None = None
) -> AnswerBody:
    """Collect a text while it is written.

    Args:
        texts: The text in small pieces, each of which takes a few milliseconds at most to make.
        control: The run's handle.
        max_bytes: Longest answer that is allowed, before it is compressed.
        coding: What the client can read. A short text stays as it is.

    Raises:
        AnswerTooLong: There would be more.
        BacktestError: The run was cancelled or its time is up.

    See: docs/reliability.md#answers
    """
    pieces = _pieces(texts, control, max_bytes)
    if coding is None:
        return AnswerBody(*pieces)
    first = next(pieces)
    if len(first) < MIN_CODED_BYTES:
        return AnswerBody(first)
    coded = _coded(chain((first,), pieces), encoder_of(coding))
    return AnswerBody(*_pieces(coded, control, max_bytes), coding=coding)


def _coded(pieces: Iterable[bytes], encoder: Encoder) -> Iterator[bytes]:
    yield from map(encoder.encode, pieces)
    yield encoder.finish()


def _pieces(texts: Iterable[bytes], control: Control, max_bytes: int) -> Iterator[bytes]:
    piece, n_bytes = bytearray(), 0
    for text in texts:
        control.check()
        piece += text
        n_bytes += len(text)
        if n_bytes > max_bytes:
            raise AnswerTooLong(n_bytes=n_bytes, limit=max_bytes, stage="report")
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)
