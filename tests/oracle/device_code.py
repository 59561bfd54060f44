"""Device code of every kernel of a device, made without a device: a program that prints it.

`python -m tests.oracle.device_code` prints a JSON object: PTX by the kernel's name as the engine
compiles it, and that of a few kernels as numba-cuda does by itself; `null` where its compiler is
missing.
"""

import json
from types import SimpleNamespace
from typing import Any

HOPPER = (9, 0)
# One kernel of each module with a product that goes into a sum, which is fused unless it is said.
WOULD_FUSE = ("score_fixed", "grow_cells", "sum_windows")


def compiled_code() -> dict[str, dict[str, str]] | None:
    from numba.cuda import dispatcher  # noqa: PLC0415 - an extra
    from numba.cuda.cudadrv import nvvm  # noqa: PLC0415

    from backtest import jit  # noqa: PLC0415
    from backtest.engine.cuda_device import kernels, plane_kernels  # noqa: PLC0415
    from backtest.engine.cuda_device.compiled import device_signature, unfused  # noqa: PLC0415
    from backtest.engine.cuda_device.kernels import cuda  # noqa: PLC0415
    from backtest.evidence.cuda_device import halves, luck  # noqa: PLC0415

    signatures = kernels.SIGNATURES | plane_kernels.SIGNATURES
    signatures |= halves.SIGNATURES | luck.SIGNATURES
    if not nvvm.is_available():
        return None
    # as where a service opens its device: the kernels of the processors are closed by then
    jit.warm()
    # Steps that a kernel calls are compiled for the device at hand, and there is none.
    loose: Any = dispatcher
    loose.get_current_device = lambda: SimpleNamespace(compute_capability=HOPPER)

    def code_of(function: Any) -> str:
        declared = device_signature(function, signatures[function])
        return str(cuda.compile_ptx(function, declared, cc=HOPPER)[0])

    # first what the engine compiles: it knows how to make numba-cuda load beside any NumPy
    with unfused():
        ours = {function.__name__: code_of(function) for function in signatures}
    fused = {
        function.__name__: code_of(function)
        for function in signatures
        if function.__name__ in WOULD_FUSE
    }
    return {"ours": ours, "theirs": fused}


if __name__ == "__main__":
    print(json.dumps(compiled_code()))
