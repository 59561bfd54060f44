"""The one place that decides how kernels are compiled and where their machine code is kept.

See: docs/kernels.md
"""

import hashlib
import platform
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast, get_type_hints

import llvmlite  # pyright: ignore[reportMissingTypeStubs]
import numba
import numpy as np

from backtest.kernel_cache import KernelCache, find_folder

config: Any = import_module("numba.core.config")
_types: Any = import_module("numba.core.types")

P = ParamSpec("P")
R = TypeVar("R")

_PACKAGE = Path(__file__).resolve().parent
_KERNEL_FOLDERS = ("indicators", "signals", "engine", "evidence", "report")
# C never calls a kernel, so nothing is compiled for it to call.
_njit: Any = partial(
    cast("Any", numba.njit), nogil=True, error_model="numpy", no_cfunc_wrapper=True
)
_declared: list[tuple[Any, Any]] = []
_INDICATORS = "backtest.indicators."
_preparing = threading.Lock()


def _sources_digest() -> str:
    """Digest of everything that machine code depends on, so that no stale code is ever loaded.

    Numba's own check looks at the file of the outermost kernel only; a changed callee in another
    file would go unnoticed.
    """
    digest = hashlib.sha256()
    digest.update(f"{numba.__version__} {llvmlite.__version__} {np.__version__}".encode())
    digest.update(f"{sys.version} {platform.machine()} {platform.system()}".encode())
    files = [
        Path(__file__),
        _PACKAGE / "kernel_cache.py",
        *(f for d in _KERNEL_FOLDERS for f in (_PACKAGE / d).rglob("*.py")),
    ]
    for file in sorted(files):
        digest.update(str(file.relative_to(_PACKAGE)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


_folder = find_folder(_sources_digest())


def kernel(signature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a function as a kernel: compiled on first need, without the GIL, cached on disk.

    Args:
        signature: Numba signature of the only version that may exist, for example
            `"void(float64[::1], int64, Segments)"`. Arrays and numbers are written as Numba writes
            them; a named tuple by the name of its class, which the kernel's module knows and whose
            fields are annotated with their Numba types (`Annotated[IntArray, "int64[::1]"]`). It
            is compiled by `warm` or at the first call; any other argument types are a `TypeError`
            instead of a hidden second version.

    Returns:
        A decorator. Division by zero follows IEEE 754 (`error_model="numpy"`); `fastmath` is off
        because it would let the compiler assume that NaN does not exist.

    See: docs/kernels.md
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        dispatcher: Any = _njit(function)
        if _folder is not None and not config.DISABLE_JIT:
            dispatcher._cache = KernelCache(function, _folder)  # noqa: SLF001 - no public way
        known = cast("FunctionType", function).__globals__
        declared = numba_type(signature, known)

        def at_first_call(*_args: Any, **_options: Any) -> Any:
            _prepare(dispatcher, declared)
            return dispatcher

        # Numba, which calls what this returns, would compile for whatever types arguments have.
        dispatcher._compile_for_args = at_first_call  # noqa: SLF001 - no public way
        _declared.append((dispatcher, declared))
        return cast("Callable[P, R]", dispatcher)

    return mark


def _prepare(dispatcher: Any, signature: Any) -> None:
    """Compile a kernel, or load it from disk, and let there be no other version of it."""
    with _preparing:
        if dispatcher._can_compile:  # noqa: SLF001 - there is no public question
            dispatcher.compile(signature)
            dispatcher.disable_compile()


def numba_type(text: str, known: Mapping[str, Any], types: Any = _types) -> Any:
    """What Numba makes of a signature or a type.

    Args:
        text: As Numba writes it; a named tuple by the name of its class, see `kernel`.
        known: Names of a module, the classes of named tuples among them.
        types: Numba's types; the compiler for CUDA has its own.

    See: docs/kernels.md
    """
    tuples = {
        name: _tuple_type(value, types)
        for name, value in known.items()
        if name in text and hasattr(value, "_fields")
    }
    return eval(text, {**vars(types), **tuples})  # noqa: S307 - Numba reads signatures like this


def _tuple_type(named: Any, types: Any) -> Any:
    hints = get_type_hints(named, include_extras=True)
    known = vars(sys.modules[named.__module__])
    fields = [numba_type(hints[name].__metadata__[0], known, types) for name in named._fields]
    return types.BaseTuple.from_types(fields, named)


def inline(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a step that only other kernels call; LLVM inlines it, types follow the caller.

    It has no wrapper for Python to call, which would be a sixth of all compiling. Python calls its
    `py_func`.

    See: docs/kernels.md
    """
    _name_after_what_is_bound(function)
    step: Any = _njit(function, no_cpython_wrapper=True)

    def refuse(*_args: Any, **_options: Any) -> Any:
        name = f"{function.__module__}.{function.__qualname__}"
        raise TypeError(f"{name} is a step of kernels; what Python can call is its py_func")

    def keep(compiled: Any) -> None:
        step.overloads[tuple(compiled.signature.args)] = compiled

    # Numba would jump to the wrapper that is not there.
    step._compile_for_args, step.add_overload = refuse, keep  # noqa: SLF001 - no public way
    return cast("Callable[P, R]", step)


def _name_after_what_is_bound(function: Any) -> None:
    """Give steps that one function makes of several others names of their own.

    Numba tells them apart by a number that begins with 1 in each process. What two processes have
    compiled would have one name, and whoever loads both would run one of them for the other.
    """
    cells = function.__closure__ or ()
    bound = [getattr(cell.cell_contents, "py_func", cell.cell_contents) for cell in cells]
    if bound:
        names = ", ".join(str(getattr(one, "__qualname__", one)) for one in bound)
        function.__qualname__ += f"({names})"


def splice(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a step that Numba writes out where it is called, for loops within loops.

    A step of `inline` that LLVM finds too long to inline is called, and then each array that it is
    handed costs two atomic additions to its count of references: 0.1 µs a call for ten arrays.

    See: docs/kernels.md
    """
    return cast("Callable[P, R]", _njit(function, inline="always"))


def uncached(*, with_indicators: bool = True) -> list[int]:
    """Numbers of the kernels that the folder for machine code lacks; none where there is no folder.

    See: docs/kernels.md
    """
    if _folder is None or config.DISABLE_JIT:
        return []
    return [n for n in _chosen(with_indicators) if not _declared[n][0]._cache.is_on_disk()]  # noqa: SLF001


def lock_file() -> BinaryIO:
    """A file in the folder for machine code, for those who want to fill it alone.

    Raises:
        OSError: There is no folder, or it may only be read.

    See: docs/kernels.md
    """
    if _folder is None:
        raise FileNotFoundError("no folder for machine code")
    return (_folder / "lock").open("ab")


def name_of(number: int) -> str:
    """The function of a kernel, after its module.

    See: docs/kernels.md
    """
    function = _declared[number][0].py_func
    return f"{function.__module__}.{function.__name__}"


def compile_into_cache(number: int) -> None:
    """Compile one of `uncached`, for other processes; it stays as it is in this one.

    See: docs/kernels.md
    """
    dispatcher, signature = _declared[number]
    dispatcher.compile(signature)


def warm(
    on_kernel: Callable[[int, int], None] | None = None, *, with_indicators: bool = True
) -> int:
    """Compile every kernel for its declared signature, or load it from disk.

    Several threads may ask at once.

    Args:
        on_kernel: Told after each kernel how many are ready, and of how many.
        with_indicators: Without them, those of an indicator wait for the first run that asks for
            it: they are half of all, small, and a run needs few.

    Returns:
        The number of kernels; 0 where the JIT is switched off (`NUMBA_DISABLE_JIT=1`).

    See: docs/kernels.md
    """
    if config.DISABLE_JIT:
        return 0
    chosen = _chosen(with_indicators)
    for done, n in enumerate(chosen, start=1):
        _prepare(*_declared[n])
        if on_kernel is not None:
            on_kernel(done, len(chosen))
    return len(chosen)


def _chosen(with_indicators: bool) -> list[int]:
    return [
        n
        for n, (dispatcher, _) in enumerate(_declared)
        if with_indicators or not dispatcher.py_func.__module__.startswith(_INDICATORS)
    ]
