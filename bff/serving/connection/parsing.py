"""Heads and trailers are bounded, and offers of other protocols are not taken.

The parser has no limits of its own: it would collect one head until memory ends. It is fed in
pieces, and bytes that bring neither a body nor the end of a head are counted, whatever they are:
a head, trailers, extensions of chunks, empty lines.
See: docs/security.md
"""

from typing import Any

import httptools

from bff.config.sections import Connections
from bff.http.errors import Code, RoehubError
from bff.serving.connection.requests import Requests
from bff.serving.connection.upgrades import plain_head

PIECE_BYTES = 1 << 10
UNREAD_BYTES = 1 << 16


class Parsing(Requests):
    """Reads one request after the other; what comes behind one waits until it is answered.

    Args:
        limits: What a head or trailers may have.
    """

    def __init__(self, *args: Any, limits: Connections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._unread = b""
        self._n_bare_bytes = 0
        self._n_fields = 0
        self._is_in_head = self._has_offer = self._has_advanced = False

    def data_received(self, data: bytes) -> None:
        """Parse what may be parsed now, keep the rest."""
        if self._is_left:
            super().data_received(data)
        elif self._refusal is None:
            self._unread += data
            self._parse_unread()

    def on_response_complete(self) -> None:
        """Go on with what has come in the meantime."""
        super().on_response_complete()
        self._parse_unread()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._is_in_head, self._has_offer, self._n_fields = True, False, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a field; those of trailers mean nothing here, and must not pass for a head's."""
        self._n_fields += 1
        if self._n_fields > self._limits.head_max_fields:
            raise self._too_large()
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer, unless it must be read again without an offer in it."""
        self._is_in_head, self._has_advanced, self._n_fields = False, True, 0
        self._has_offer = self.parser.should_upgrade()
        if not self._has_offer:
            super().on_headers_complete()
            if self.pipeline:
                self.flow.resume_reading()  # or it would not be seen that the client leaves
        elif self.parser.get_method() == b"CONNECT":
            raise _malformed("CONNECT is not supported: this server is not a proxy")

    def on_body(self, body: bytes) -> None:
        """Something has come that an application reads, and limits."""
        self._has_advanced = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; where it offers another protocol the parser only believes so."""
        if not self._has_offer:
            super().on_message_complete()

    def _parse_unread(self) -> None:
        data, at = memoryview(self._unread), 0
        while at < len(data) and not self._must_wait():
            self._parse(data[at : at + PIECE_BYTES])
            at += PIECE_BYTES
        self._unread = b"" if self._is_left else bytes(data[at:])
        if len(self._unread) > UNREAD_BYTES:
            self.flow.pause_reading()  # until the answer has gone

    def _must_wait(self) -> bool:
        is_ending = self._is_left or self._refusal is not None or self.transport.is_closing()
        return self.is_answering or is_ending

    def _parse(self, piece: memoryview) -> None:
        self._has_advanced = False
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline(piece[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            cause = error.__context__
            self.refuse(cause if isinstance(cause, RoehubError) else _malformed())
        self._n_bare_bytes = 0 if self._has_advanced else self._n_bare_bytes + len(piece)
        if self._n_bare_bytes > self._limits.head_max_bytes:
            self.refuse(self._too_large())

    def _decline(self, rest: memoryview) -> None:
        method, version = self.parser.get_method(), self.parser.get_http_version()
        head = plain_head(method, self.url, version, self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
        self._parse(memoryview(head + rest))
        self._has_advanced = True

    def _too_large(self) -> RoehubError:
        limits = self._limits
        return _malformed(
            f"The request headers (and the trailers) must have at most {limits.head_max_bytes} "
            f"bytes and {limits.head_max_fields} fields",
            head_max_bytes=limits.head_max_bytes,
            head_max_fields=limits.head_max_fields,
        )


def _malformed(message: str = "The request must be HTTP/1.1", **details: int) -> RoehubError:
    return RoehubError(Code.MALFORMED_REQUEST, message, details)
