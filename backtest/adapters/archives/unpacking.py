"""A file of an archive is read to its end before anything believes in it.

What unpacks to more than any file of its archive is no such file, but one that would fill the disk.
"""

import io
from pathlib import Path
from typing import cast

from backtest.adapters.ingest.containers import HEAD_BYTES, members
from backtest.adapters.ingest.importer import UNREADABLE, BrokenFile

_CHUNK_BYTES = 1 << 20


def refuse_bomb(path: Path, *, most_bytes: int) -> None:
    """Unpack a file without keeping anything of it.

    Raises:
        BrokenFile: It is damaged, or unpacks to more than `most_bytes`.
    """
    n_bytes = 0
    try:
        with path.open("rb", buffering=HEAD_BYTES) as raw:
            for member in members(cast("io.BufferedReader", raw)):
                while chunk := member.stream.read(_CHUNK_BYTES):
                    n_bytes += len(chunk)
                    if n_bytes > most_bytes:
                        raise BrokenFile(
                            f"{path}: it unpacks to more than {most_bytes >> 20} MiB, too large for"
                            " a file of this archive"
                        )
    except UNREADABLE as error:
        raise BrokenFile(f"{path}: {error}") from error
