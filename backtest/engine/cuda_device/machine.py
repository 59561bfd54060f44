"""The CUDA device of this machine: opened, tried out, and asked for its memory.

See: docs/scale.md#an-accelerator
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# numba-cuda is untyped.

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from backtest.engine.blocks.marks import Marks
from backtest.engine.cuda_device.compiled import compile_kernel
from backtest.engine.cuda_device.failures import errors_as_lost, first_line
from backtest.engine.cuda_device.kernels import SIGNATURES as STAGE_A
from backtest.engine.cuda_device.kernels import Kernel, cuda
from backtest.engine.cuda_device.plane_kernels import SIGNATURES as STAGE_B
from backtest.engine.cuda_device.stage_a import CudaStageA
from backtest.engine.cuda_device.stage_b import CudaPlanes
from backtest.engine.cuda_device.trial import differing
from backtest.engine.money.account import Terms
from backtest.engine.money.passage import Passages
from backtest.engine.money.prices import Prices
from backtest.engine.workers.chunks import Workers
from backtest.engine.workers.device import DeviceLost
from backtest.types import WordArray

# Threads of a block; a variant is one of them.
THREADS = 128
# What the simulator says of itself, which has neither a name nor a limit.
UNLIMITED = 1 << 62
SIMULATED = "a simulated device"


class CudaDevice:
    """A `Device` of CUDA: the first that the driver shows, with one thread that speaks to it.

    Attributes:
        name: What its maker calls it.
        workers: Its thread, which runs take turns on.

    See: docs/scale.md#an-accelerator
    """

    def __init__(self) -> None:
        name: Any = getattr(cuda.get_current_device(), "name", SIMULATED)
        self.name = name.decode() if isinstance(name, bytes) else str(name)
        self.workers = Workers(1)
        self._kernels: dict[Kernel, Any] = {}

    @errors_as_lost()
    def free_bytes(self) -> int:
        """Memory that nobody holds."""
        free: float = cuda.current_context().get_memory_info()[0]
        return int(min(free, UNLIMITED))

    @errors_as_lost()
    def scorer(
        self,
        slow_rows: WordArray,
        side_masks: WordArray,
        prices: Prices,
        terms: Terms,
        marks: Marks | None = None,
    ) -> CudaStageA:
        """Stage A of a run; with marks its rows are cut there."""
        return CudaStageA(self.launcher(STAGE_A), slow_rows, side_masks, prices, terms, marks)

    @errors_as_lost()
    def planes(
        self, prices: Prices, terms: Terms, passages: Passages, marks: Marks | None = None
    ) -> CudaPlanes:
        """Stage B of a run over a tile of its risk plane."""
        return CudaPlanes(self.launcher(STAGE_B), prices, terms, passages, marks)

    def launcher(self, signatures: Mapping[Kernel, str]) -> Kernel:
        """`launch(kernel, n_threads, *arguments)` of kernels with the only signatures they have."""

        def launch(function: Kernel, n_threads: int, *arguments: Any) -> None:
            kernel = self._kernels.get(function)
            if kernel is None:
                kernel = self._kernels[function] = compile_kernel(function, signatures[function])
            kernel[-(-n_threads // THREADS), THREADS](*arguments)

        return launch


@errors_as_lost()
def open_cuda() -> CudaDevice:
    """The device, after it has shown the bits of the processors.

    Raises:
        DeviceLost: There is none, or it computes otherwise.

    See: docs/scale.md#an-accelerator
    """
    if not cuda.is_available():
        raise DeviceLost(f"no driver or no device ({first_line(cuda.cuda_error())})")
    # The last launch of a block may be a small one, and the trial is: nothing to be warned of.
    numba_cuda: Any = import_module("numba.cuda.core.config")
    numba_cuda.CUDA_LOW_OCCUPANCY_WARNINGS = 0
    device = CudaDevice()
    if what := differing(device):
        raise DeviceLost(f"{device.name} does not compute the processors' bits: {what}")
    return device
