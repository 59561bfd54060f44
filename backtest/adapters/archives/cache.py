"""Files of archives on this machine: whole and verified ones, and those on their way.

A file has its name only once it is verified; until then it is `NAME.part`, with what the server
called its version in `NAME.part.version`, so that a later process can ask for the rest of the same
version. `NAME.holds` says how many candles were in it.
See: docs/downloads.md#interrupted
"""

import hashlib
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class CachedFile:
    """A file of an archive by the path that it has once it is verified."""

    path: Path

    @property
    def is_whole(self) -> bool:
        """Whether it was fetched and verified."""
        return self.path.exists()

    @property
    def n_candles(self) -> int | None:
        """How many candles an import found in it, None before one did."""
        try:
            return int(self._beside(".holds").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def remember(self, n_candles: int) -> None:
        """Keep how many candles it holds."""
        self._beside(".holds").write_text(f"{n_candles}\n", encoding="ascii")

    @property
    def _part(self) -> Path:
        return self._beside(".part")

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def begun(self) -> tuple[int, str] | None:
        """How many bytes are there and of which version, None where nothing can be continued."""
        try:
            version = self._beside(".part.version").read_text(encoding="latin-1")
            n_bytes = self._part.stat().st_size
        except OSError:
            return None
        return (n_bytes, version) if n_bytes and version else None

    @contextmanager
    def writing(self, *, version: str | None, is_continued: bool) -> Generator[BinaryIO]:
        """The partial file, at its end if it is continued and empty otherwise."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not is_continued:
            self.discard()
            self._beside(".part.version").write_text(version or "", encoding="latin-1")
        with self._part.open("ab") as file:
            yield file

    def discard(self) -> None:
        """Forget the partial file."""
        self._part.unlink(missing_ok=True)
        self._beside(".part.version").unlink(missing_ok=True)

    def sha256(self) -> str:
        """Of the partial file, in hexadecimal digits."""
        digest = hashlib.sha256()
        with self._part.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()

    def finish(self) -> Path:
        """Give the partial file its name."""
        with self._part.open("rb") as file:
            os.fsync(file.fileno())
        self._part.replace(self.path)
        self.discard()
        return self.path
