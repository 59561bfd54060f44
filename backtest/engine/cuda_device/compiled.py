"""Device code of the kernels, without fused operations, so that its bits are the processors'.

The compiler of NVIDIA makes one operation of a product and a sum unless it is told not to, and
numba-cuda has no option for that (https://github.com/NVIDIA/numba-cuda/issues/118). So while a
kernel of ours is compiled, the option is handed on for it. The linker must have nothing left to
compile, because it would fuse again. What came out is looked at: code with a fused operation is
refused.

See: docs/scale.md#an-accelerator
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# numba-cuda is untyped.

import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from types import FunctionType
from typing import Any, cast

import numpy as np

from backtest.engine.cuda_device.kernels import cuda
from backtest.engine.workers.device import DeviceLost
from backtest.jit import config, numba_type

# A fused product and sum; sums and products that the assembler may still fuse, because they do not
# say how they round; and a minimum or maximum of two variables, which drops a NaN.
INEXACT = re.compile(
    r"\b(?:(?:fma|mad)\.\w+|add|sub|mul)\.f(?:32|64)\b"
    r"|\b(?:min|max)\.f(?:32|64)(?=\s+%\w+, *%\w+, *%)"
)

_compiling = threading.Lock()


@contextmanager
def unfused() -> Generator[None]:
    """Code that is compiled for CUDA in this block, by any thread, has no fused operations.

    One thread at a time may be in it. Under the simulator it does nothing.

    See: docs/scale.md#an-accelerator (tests/oracle/device_code.py)
    """
    if config.ENABLE_CUDASIM:
        yield  # nothing is compiled
        return
    nvvm: Any = import_module("numba.cuda.cudadrv.nvvm")
    with _compiling, _row_stack():
        compile_ir = nvvm.compile_ir
        nvvm.compile_ir = partial(compile_ir, fma=False)
        try:
            yield
        finally:
            nvvm.compile_ir = compile_ir


@contextmanager
def _row_stack() -> Generator[None]:
    """NumPy 2.5 has dropped a name that numba-cuda asks for when it first compiles.

    Its makers leave it at that (https://github.com/NVIDIA/numba-cuda/issues/907).
    """
    if hasattr(np, "row_stack"):
        yield
        return
    numpy: Any = np
    numpy.row_stack = np.vstack
    try:
        yield
    finally:
        del numpy.row_stack


def inexact_operations(code: str) -> list[str]:
    """Operations in PTX code that could round otherwise than a processor, each once, sorted.

    See: docs/scale.md#an-accelerator (tests/oracle/device_code.py)
    """
    return sorted(set(INEXACT.findall(code)))


def device_signature(function: Callable[..., None], signature: str) -> Any:
    """A signature in the types of numba-cuda, with the named tuples that the kernel's module knows.

    See: docs/scale.md#an-accelerator
    """
    types = import_module("numba.cuda.types")
    return numba_type(signature, cast("FunctionType", function).__globals__, types)


def compile_kernel(function: Callable[..., None], signature: str) -> Any:
    """A kernel for the current device, which is launched with `[blocks, threads](...)`.

    Args:
        function: What a thread does.
        signature: The only one that the kernel has.

    Raises:
        DeviceLost: The compiler used operations that round otherwise.

    See: docs/scale.md#an-accelerator
    """
    # Optimising at link time would throw away what was asked of the compiler.
    options = {} if config.ENABLE_CUDASIM else {"lto": False}
    with unfused():
        declared = device_signature(function, signature)
        kernel = cuda.jit(declared, fastmath=False, **options)(function)
        code = [made.library.get_asm_str() for made in kernel.overloads.values()]
    found = inexact_operations("\n".join(code))
    if found:
        raise DeviceLost(f"its compiler uses {', '.join(found)} in {function.__name__}")
    return kernel
