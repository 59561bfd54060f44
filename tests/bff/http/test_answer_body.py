"""Answers in pieces: what is written, when writing ends, and how they travel."""

import gzip
import pickle
from collections.abc import Iterator

import brotli
import pytest

from backtest.control import Control
from backtest.errors import AnswerTooLong, RunCancelled
from bff.http.answer_body import PIECE_BYTES, AnswerBody, write_answer
from bff.http.content_coding import PREFERRED, Coding

LIMIT = 10 * PIECE_BYTES
DECODE = {"br": brotli.decompress, "gzip": gzip.decompress}


def test_the_pieces_are_the_text_and_none_is_small() -> None:
    texts = [bytes([65 + n % 26]) * 1_000 for n in range(1_000)]

    body = write_answer(texts, Control(), LIMIT)

    assert bytes(body) == b"".join(texts)
    assert len(body) == 1_000_000
    assert all(PIECE_BYTES <= len(piece) < PIECE_BYTES + 1_000 for piece in body.pieces[:-1])


def test_writing_ends_with_the_control_in_the_middle_of_the_text() -> None:
    control = Control()
    written: list[int] = []

    def texts() -> Iterator[bytes]:
        for n in range(1_000):
            written.append(n)
            if n == 5:
                control.cancel()
            yield b"text"

    with pytest.raises(RunCancelled):
        write_answer(texts(), control, LIMIT)

    assert written == list(range(6))


def test_writing_ends_at_the_longest_answer_that_is_allowed() -> None:
    assert len(write_answer([b"x" * 100], Control(), 100)) == 100
    endless = iter(lambda: b"x" * 60, b"")

    with pytest.raises(AnswerTooLong) as caught:
        write_answer(endless, Control(), 100)

    assert caught.value.details == {
        "error": "answer_max_bytes_exceeded",
        "stage": "report",
        "answer_bytes": 120,
        "answer_max_bytes": 100,
    }


def test_pieces_are_left_out_of_the_pickle() -> None:
    body = AnswerBody(b"a" * 1_000, b"b" * 1_000)
    buffers: list[pickle.PickleBuffer] = []

    text = pickle.dumps(body, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append)
    pieces = [bytes(buffer) for buffer in buffers]
    read = pickle.loads(text, buffers=pieces)

    assert len(text) < 200
    assert all(here is there for here, there in zip(read.pieces, pieces, strict=True))


@pytest.mark.parametrize("coding", PREFERRED)
def test_a_compressed_answer_is_the_same_text(coding: Coding) -> None:
    texts = [b'{"trade_id":%d},' % n for n in range(100_000)]

    body = write_answer(texts, Control(), LIMIT, coding)

    assert body.coding == coding
    assert DECODE[coding](bytes(body)) == b"".join(texts)
    assert len(body) < len(b"".join(texts)) / 3
    assert bytes(body) == bytes(write_answer(texts, Control(), LIMIT, coding))


def test_a_short_answer_stays_as_it_is() -> None:
    body = write_answer([b"{}"], Control(), LIMIT, "gzip")

    assert (bytes(body), body.coding) == (b"{}", None)


def test_compressing_ends_with_the_control() -> None:
    control = Control()
    n_written = 0

    def texts() -> Iterator[bytes]:
        nonlocal n_written
        for _ in range(1_000):
            n_written += 1
            if n_written == 5:
                control.cancel()
            yield bytes(PIECE_BYTES)

    with pytest.raises(RunCancelled):
        write_answer(texts(), control, 1 << 30, "br")

    assert n_written == 5


def test_the_limit_is_of_the_text_and_not_of_what_it_becomes() -> None:
    texts = [bytes(PIECE_BYTES)] * 11

    with pytest.raises(AnswerTooLong):
        write_answer(texts, Control(), LIMIT, "gzip")


def test_how_it_is_compressed_travels_with_the_pieces() -> None:
    body = write_answer([b"x" * 10_000], Control(), LIMIT, "gzip")

    read = pickle.loads(pickle.dumps(body, pickle.HIGHEST_PROTOCOL))

    assert (bytes(read), read.coding) == (bytes(body), "gzip")
