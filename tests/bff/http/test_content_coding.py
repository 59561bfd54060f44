"""What a client asks for, and that equal texts become equal bytes."""

import gzip

import brotli
import pytest

from bff.http.content_coding import PREFERRED, Coding, accepted_coding, encoder_of

TEXT = b"".join(b'{"trade_id":%d,"net_pnl_quote":%d.25},' % (n, n * n) for n in range(20_000))
DECODE = {"br": brotli.decompress, "gzip": gzip.decompress}


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", None),
        ("identity", None),
        ("deflate, zstd", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP;Q=0.5", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0, gzip;q=0", None),
        ("*", "br"),
        ("*, br;q=0", "gzip"),
        ("*;q=0", None),
        ("identity, gzip;q=0.5", None),
        ("gzip;q=nan", None),
        ("gzip;q=many", None),
        ("gzip;q=2", None),
        (",;,=;q", None),
        ("gzip," * 1_000, None),
    ],
)
def test_the_heaviest_known_coding_is_taken(header: str, coding: Coding | None) -> None:
    assert accepted_coding(header) == coding


@pytest.mark.parametrize("coding", PREFERRED)
def test_equal_texts_become_equal_bytes_which_are_fewer(coding: Coding) -> None:
    def coded() -> bytes:
        encoder = encoder_of(coding)
        parts = [encoder.encode(TEXT[at : at + 1_000]) for at in range(0, len(TEXT), 1_000)]
        return b"".join([*parts, encoder.finish()])

    first, second = coded(), coded()

    assert first == second
    assert DECODE[coding](first) == TEXT
    assert len(first) < len(TEXT) / 4


def test_gzip_carries_no_time() -> None:
    encoder = encoder_of("gzip")

    head = (encoder.encode(TEXT) + encoder.finish())[:10]

    assert head[4:8] == b"\0\0\0\0"
