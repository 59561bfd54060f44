"""What lies in a file: told by its bytes, never by its name.

Gzip, bzip2, xz and zstd are unpacked on the way, a zip gives each of its files in turn. What holds
no candles is named for what it is, so that nobody has to guess from the message of a parser.
See: docs/candle-files.md
"""
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# pyright: reportUnknownVariableType=false, reportAttributeAccessIssue=false
# pyright: reportUnknownArgumentType=false

import bz2
import gzip
import io
import lzma
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, Literal, cast

import pyarrow as pa

Kind = Literal["text", "json", "parquet", "arrow"]

HEAD_BYTES = 1 << 16
_TAR = slice(257, 262)

_MARKUP = re.compile(rb"<(?:!doctype|\?xml|html|head|body|!--)", re.IGNORECASE)
_EXPORT = "export a CSV or Parquet"
_SAVE_AS_UTF8 = "save it as UTF-8, for example with iconv -f UTF-16 -t UTF-8"
# What the bytes are and what to do: the first line that is true decides.
_FOREIGN: tuple[tuple[Callable[[bytes], object], str], ...] = (
    (lambda head: not head, "the file is empty (0 bytes); download it again"),
    (
        lambda head: head.startswith(b"version https://git-lfs"),
        "this is a Git LFS pointer, not the file it stands for; fetch that with git lfs pull",
    ),
    (
        lambda head: head.startswith((b"\xff\xfe", b"\xfe\xff")) or _is_bare_utf16(head),
        f"the text is UTF-16; {_SAVE_AS_UTF8}",
    ),
    (lambda head: head[_TAR] == b"ustar", "this is a tar archive; unpack it with tar -xf"),
    (lambda head: head.startswith(b"7z\xbc\xaf"), "this is a 7z archive; unpack it with 7z x"),
    (lambda head: head.startswith(b"Rar!"), "this is a RAR archive; unpack it with unrar x"),
    (lambda head: head.startswith(b"%PDF"), "this is a PDF, not candles"),
    (lambda head: head.startswith(b"SQLite format 3"), f"this is an SQLite database; {_EXPORT}"),
    (lambda head: head.startswith(b"\x89HDF"), f"this is an HDF5 file; {_EXPORT}"),
    (lambda head: head.startswith(b"\x93NUMPY"), f"this is a NumPy file; {_EXPORT}"),
    (lambda head: head.startswith(b"\xd0\xcf\x11\xe0"), "this is an Excel sheet; save it as CSV"),
    (
        lambda head: head.startswith(b"\xff\xff\xff\xff"),
        "this is an Arrow stream; save it as a Feather file",
    ),
    (lambda head: head.startswith(b"ORC"), f"this is an ORC file; {_EXPORT}"),
    (lambda head: head.startswith(b"Obj\1"), f"this is an Avro file; {_EXPORT}"),
    (lambda head: head.startswith(b"DBN"), f"this is a DBN file of Databento; {_EXPORT}"),
    (lambda head: head[8:12] == b"DUCK", f"this is a DuckDB database; {_EXPORT}"),
    (
        lambda head: head.startswith(b"\x04\x22\x4d\x18"),
        "this is packed with LZ4; unpack it with lz4 -d",
    ),
    (
        lambda head: head.startswith(b"]\0\0"),
        "this is bare LZMA, such as the .bi5 of Dukascopy, which holds ticks; export a CSV",
    ),
    (
        lambda head: head[:4] in {b"\x90\1\0\0", b"\x91\1\0\0"},
        "this is a history file of MetaTrader (.hst); export a CSV in its History Center",
    ),
    (lambda head: head.startswith(b"FEA1"), "this is Feather version 1; write it as version 2"),
    (
        lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and _MARKUP.search(head),
        "this is a web page or XML, not candles; the download went wrong",
    ),
    (
        lambda head: head.startswith(b"\x80") and head[2:3] in b"\x95}]c",
        "this is a Python pickle, which may run any code; save a Parquet file instead",
    ),
    (lambda head: b"\0" in head, f"this is a binary file of an unknown kind; {_EXPORT}"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainedTable:
    """One table of a file: `name` is what a zip calls it, and empty elsewhere."""

    name: str
    kind: Kind
    stream: io.BufferedReader


def members(raw: io.BufferedReader) -> Iterator[ContainedTable]:
    """The tables of a file in order; each is read before the next is asked for.

    Raises:
        ValueError: The bytes are no table, with what they are instead.
    """
    yield from _members(raw, name="", is_inside_zip=False)


def _members(
    stream: io.BufferedReader, *, name: str, is_inside_zip: bool
) -> Iterator[ContainedTable]:
    head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
    unpack = _unpacker(head)
    if unpack is not None:
        inner = _buffered(unpack(stream))
        yield from _members(inner, name=name, is_inside_zip=is_inside_zip)
    elif head.startswith(b"PK"):
        if is_inside_zip:
            raise ValueError(f"the zip holds another zip, {name}; unpack it first")
        yield from _zipped(_seekable(stream))
    else:
        yield ContainedTable(name=name, kind=_kind(head), stream=_for_kind(stream, head))


def _unpacker(head: bytes) -> Callable[[io.BufferedReader], Any] | None:
    if head.startswith(b"\x1f\x8b"):
        return lambda stream: gzip.GzipFile(fileobj=stream)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return _from_zstd
    if head.startswith(b"BZh"):
        return bz2.BZ2File
    if head.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile
    return None


def _from_zstd(stream: io.BufferedReader) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd")


def _zipped(stream: io.BufferedReader) -> Iterator[ContainedTable]:
    with zipfile.ZipFile(stream) as archive:
        names = sorted(filter(_is_candidate, archive.namelist()))
        if "xl/workbook.xml" in names:
            raise ValueError("this is an Excel sheet; save it as CSV")
        if "content.xml" in names:
            raise ValueError("this is an OpenDocument sheet; save it as CSV")
        if not names:
            raise ValueError("the zip holds no file of candles")
        _refuse_different_series(names)
        for name in names:
            with _opened(archive, name) as member:
                inner = _buffered(member)
                yield from _members(inner, name=name, is_inside_zip=True)


def _opened(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        return archive.open(name)
    except (RuntimeError, NotImplementedError) as error:  # a password, or another compression
        raise ValueError(f"the zip cannot be unpacked here: {error}; unpack it first") from error


def _is_candidate(name: str) -> bool:
    """Not a folder, a checksum, a readme, nor what a Mac or Windows leaves behind."""
    path = PurePosixPath(name)
    is_leftover = any(part.strip("_") == "MACOSX" for part in path.parts[:-1])
    is_hidden = path.name.startswith(".") or path.name.lower() in {"thumbs.db", "desktop.ini"}
    is_checksum = path.suffix.lower() in {".checksum", ".md5", ".sha256"}
    is_about = path.stem.lower() in {"readme", "license", "licence"} or path.suffix == ".md"
    return not (name.endswith("/") or is_leftover or is_hidden or is_checksum or is_about)


def _refuse_different_series(names: list[str]) -> None:
    """Files of one series differ by their dates; others would be mixed into one instrument."""
    series = {re.sub(r"[-_.]?(19|20)\d{2}([-_.]?\d{2}){0,2}", "", name) for name in names}
    if len(series) > 1:
        raise ValueError(
            f"the zip holds files of different series, such as {names[0]} and {names[-1]};"
            " unpack it and import each with its own --symbol"
        )


def _kind(head: bytes) -> Kind:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"ARROW1"):
        return "arrow"
    for is_it, sentence in _FOREIGN:
        if is_it(head):
            raise ValueError(sentence)
    return "json" if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"[", b"{"} else "text"


def _is_bare_utf16(head: bytes) -> bool:
    """Every second byte of plain letters and digits is zero."""
    return len(head) > 3 and (head[1:64:2].strip(b"\0") == b"" or head[0:64:2].strip(b"\0") == b"")


def _for_kind(stream: io.BufferedReader, head: bytes) -> io.BufferedReader:
    """Parquet and Arrow are read from their end."""
    return _seekable(stream) if head.startswith((b"PAR1", b"ARROW1")) else stream


def _seekable(stream: io.BufferedReader) -> io.BufferedReader:
    """A file inside another one needs a copy."""
    return stream if stream.seekable() else cast("io.BufferedReader", io.BytesIO(stream.read()))


def _buffered(stream: Any) -> io.BufferedReader:
    return cast("io.BufferedReader", io.BufferedReader(_Lent(stream), HEAD_BYTES))


class _Lent(io.RawIOBase):
    """A stream for readers that close what they are given; the owner closes it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
