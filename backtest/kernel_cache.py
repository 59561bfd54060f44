"""Where machine code is kept on disk, and when it may be trusted.

Numba's own cache unpickles whatever lies in its folder: a file that was cut short stops every
start, and a file that somebody else wrote runs as us. Here every file carries a digest of its
content, a file that does not fit it is thrown away and compiled again, and a folder is used only
if nobody but its owner and root could have written to it.

See: docs/kernels.md
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportMissingTypeStubs=false, reportPrivateUsage=false
# Numba is untyped.

import hashlib
import os
import pickle
import stat
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
)

APPLICATION = "roehub-backtest"
DIGEST_BYTES = hashlib.sha256().digest_size
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
ROOT_ID = 0


def find_folder(name: str) -> Path | None:
    """The folder for machine code of one version of the kernels, created if need be.

    The user's cache folder comes first, a private one under the temporary folder second. Either
    may be read-only: what root has compiled into an image serves everybody.

    Args:
        name: Tells versions apart.

    Returns:
        None where no folder can be trusted; then kernels are compiled at every start.
    """
    for parent, mode in _candidates():
        folder = parent / name
        with suppress(OSError):
            for place in reversed((folder, *folder.parents)):
                if not place.exists():  # by default others of the group could write to a parent
                    place.mkdir(mode=mode, exist_ok=True)
        with suppress(OSError):
            if _is_trusted(folder):
                return folder
    return None


def _candidates() -> Iterator[tuple[Path, int]]:
    with suppress(RuntimeError):  # neither HOME nor an entry in the list of users
        cache = os.environ.get("XDG_CACHE_HOME")
        yield Path(cache or Path.home() / ".cache").absolute() / APPLICATION, 0o755
    with suppress(FileNotFoundError):  # no temporary folder that can be written to
        yield Path(tempfile.gettempdir()).absolute() / f"{APPLICATION}-{os.getuid()}", 0o700


def _is_trusted(folder: Path) -> bool:
    """Whether only root and this user could have put anything there.

    Whoever may write to a parent could exchange the whole folder, so all parents count. In a
    folder with the sticky bit, such as `/tmp`, nobody can exchange what belongs to others.
    """
    owners = {ROOT_ID, os.getuid()}
    for place in (folder, *folder.resolve(strict=True).parents):
        status = place.stat()
        is_shared = bool(status.st_mode & OTHERS_WRITE)
        is_sticky = bool(status.st_mode & stat.S_ISVTX) and place != folder
        if status.st_uid not in owners or (is_shared and not is_sticky):
            return False
    return os.access(folder, os.R_OK | os.X_OK)


class KernelCache(FunctionCache):
    """Machine code of one function in a trusted folder; what cannot be kept is not an error.

    Args:
        function: The Python function of a kernel.
        folder: See `find_folder`.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._impl_class = partial(_CompiledKernels, folder=folder)
        super().__init__(function)
        self._cache_file = _CheckedFiles(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def is_on_disk(self) -> bool:
        """Whether something has been kept; what it is worth is found out when it is loaded."""
        return Path(self._cache_file._index_path).exists()  # noqa: SLF001 - there is no public name

    @contextmanager
    def _guard_against_spurious_io_errors(self) -> Generator[None]:
        """A full disk or a folder that may only be read costs a compilation, not the start."""
        with suppress(OSError):
            yield


class _CompiledKernels(CompileResultCacheImpl):
    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._locator_classes = [_Locator(folder)]
        super().__init__(function)


@dataclass(frozen=True, slots=True)
class _Locator:
    """Kernels by package and line; the folder's name stands for the version of their sources."""

    folder: Path
    package: str = ""
    line: int = 0

    def from_function(self, function: Callable[..., Any], file: str) -> "_Locator":
        return replace(self, package=Path(file).parent.name, line=function.__code__.co_firstlineno)

    def get_cache_path(self) -> str:
        return str(self.folder / self.package)

    def ensure_cache_path(self) -> None:
        Path(self.get_cache_path()).mkdir(mode=0o755, exist_ok=True)

    def get_source_stamp(self) -> str:
        return self.folder.name

    def get_disambiguator(self) -> str:
        return str(self.line)


class _CheckedFiles(IndexDataCacheFile):
    """The index and the data files of one function, each behind a digest of its content."""

    def _load_index(self) -> dict[Any, str]:
        content = _read(Path(self._index_path))
        if content is None:
            return {}
        stamp, overloads = pickle.loads(content)  # noqa: S301 - from a trusted folder
        return overloads if stamp == self._source_stamp else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, self._dump((self._source_stamp, overloads)))

    def _load_data(self, name: str) -> Any:
        content = _read(Path(self._data_path(name)))
        if content is None:
            raise FileNotFoundError(name)  # which Numba takes for a reason to compile
        return pickle.loads(content)  # noqa: S301 - from a trusted folder

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), self._dump(data))

    def _write(self, path: str, content: bytes) -> None:
        with self._open_for_write(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            os.fchmod(file.fileno(), stat.S_IMODE(mode) & ~OTHERS_WRITE)
            file.write(hashlib.sha256(content).digest() + content)


def _read(path: Path) -> bytes | None:
    """The content of a file; None where there is none, or others could have written it."""
    try:
        with path.open("rb") as file:
            is_shared = bool(os.fstat(file.fileno()).st_mode & OTHERS_WRITE)
            sealed = file.read()
    except OSError:
        return None
    digest, content = sealed[:DIGEST_BYTES], sealed[DIGEST_BYTES:]
    if not is_shared and hashlib.sha256(content).digest() == digest:
        return content
    with suppress(OSError):
        path.unlink()
    return None
