"""The best by luck on a CUDA device: a thread looks at some trials in one resample.

Sums of growth are added in the order of `resampled`, so their bits are the same however they
round, and a maximum does not mind who is looked at first.

See: docs/evidence.md#reality-check
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportArgumentType=false, reportReturnType=false
# numba-cuda is untyped. An element of an array is typed as if it could be an array itself.

from collections.abc import Callable

import numpy as np

from backtest.engine.blocks.ledger import N_BLOCKS, GrowthArray
from backtest.engine.cuda_device.failures import errors_as_lost
from backtest.engine.cuda_device.kernels import Kernel, cuda
from backtest.engine.money.account import greater
from backtest.evidence.resampled import ResampledTrials, squared_statistic
from backtest.evidence.resamples import Resamples
from backtest.jit import inline
from backtest.types import FloatArray, IntArray

# Trials that a thread looks at: a launch has threads enough, and few numbers to put together.
ROWS_PER_PART = 256
# Windows of a trial: of its growth, of the squares, of the products with holding.
OWN, SQUARES, PRODUCTS = range(3)
N_KINDS = 3


def sum_windows(growth: GrowthArray, holding: FloatArray, windows: FloatArray) -> None:
    """Sums of four consecutive blocks, going round.

    Args:
        growth: Shape (n, 64).
        holding: Shape (64,), growth of the instrument.
        windows: Out, shape (n, 3, 64).
    """
    i = cuda.grid(1)
    if i < growth.size:
        m, k = i // N_BLOCKS, i % N_BLOCKS
        k1, k2, k3 = (k + 1) % N_BLOCKS, (k + 2) % N_BLOCKS, (k + 3) % N_BLOCKS
        a, b = np.float64(growth[m, k]), np.float64(growth[m, k1])
        c, d = np.float64(growth[m, k2]), np.float64(growth[m, k3])
        windows[m, OWN, k] = a + b + c + d
        windows[m, SQUARES, k] = a * a + b * b + c * c + d * d
        held = a * holding[k] + b * holding[k1]
        windows[m, PRODUCTS, k] = held + c * holding[k2] + d * holding[k3]


@inline
def _sum_of(windows: FloatArray, starts: IntArray, r: int) -> float:
    """Sum of the windows of a resample; `starts` has shape (16, n_resamples)."""
    total = windows[starts[0, r]]
    for j in range(1, starts.shape[0]):
        total += windows[starts[j, r]]
    return total


def best_in_parts(
    windows: FloatArray,
    totals: FloatArray,
    least: FloatArray,
    starts: IntArray,
    held: FloatArray,
    out: FloatArray,
) -> None:
    """Squared statistic of the best of each part of the trials in each resample.

    Args:
        windows: Shape (n, 3, 64), of `sum_windows`.
        totals: Shape (2, n), of `ResampledTrials`.
        least: Shape (2, n), of `ResampledTrials`.
        starts: Shape (16, n_resamples), of `Resamples`, turned.
        held: Shape (2, n_resamples), `holding` of `Resamples`.
        out: Out, shape (n_parts, 2, n_resamples).
    """
    i = cuda.grid(1)
    n_trials, n_parts, n_resamples = windows.shape[0], out.shape[0], out.shape[2]
    if i < n_parts * n_resamples:
        p, r = i // n_resamples, i % n_resamples
        height = (n_trials + n_parts - 1) // n_parts
        best = best_above_holding = 0.0
        for m in range(p * height, min(n_trials, (p + 1) * height)):
            own = _sum_of(windows[m, OWN], starts, r)
            squares = _sum_of(windows[m, SQUARES], starts, r)
            products = _sum_of(windows[m, PRODUCTS], starts, r)
            squared = squared_statistic(own, squares, totals[0, m], least[0, m])
            best = greater(best, squared)
            above, squares = own - held[0, r], squares - 2.0 * products + held[1, r]
            squared = squared_statistic(above, squares, totals[1, m], least[1, m])
            best_above_holding = greater(best_above_holding, squared)
        out[p, 0, r], out[p, 1, r] = best, best_above_holding


SIGNATURES: dict[Kernel, str] = {
    sum_windows: "void(int32[:, ::1], float64[::1], float64[:, :, ::1])",
    best_in_parts: (
        "void(float64[:, :, ::1], float64[:, ::1], float64[:, ::1], int64[:, ::1], "
        "float64[:, ::1], float64[:, :, ::1])"
    ),
}


class CudaLuck:
    """Looks at trials in every resample; all methods are called in the device's thread.

    Args:
        launch: `launch(kernel, n_threads, *arguments)`.
        resamples: The resamples.
        holding: Shape (64,), growth of the instrument.

    See: docs/scale.md#an-accelerator
    """

    @errors_as_lost()
    def __init__(
        self, launch: Callable[..., None], resamples: Resamples, holding: FloatArray
    ) -> None:
        self._launch, self._n_resamples = launch, len(resamples.starts)
        self._starts = cuda.to_device(np.ascontiguousarray(resamples.starts.T))
        self._held = cuda.to_device(resamples.holding)
        self._holding = cuda.to_device(holding)

    @errors_as_lost()
    def best(self, trials: ResampledTrials) -> FloatArray:
        """Squared statistics of the best of some trials, shape (2, n_resamples)."""
        growth = cuda.to_device(trials.growth)
        windows = cuda.device_array((len(trials.growth), N_KINDS, N_BLOCKS), np.float64)
        self._launch(sum_windows, growth.size, growth, self._holding, windows)
        n_parts = -(-len(trials.growth) // ROWS_PER_PART)
        out = cuda.device_array((n_parts, 2, self._n_resamples), np.float64)
        known = (cuda.to_device(trials.totals), cuda.to_device(trials.least))
        n_threads = n_parts * self._n_resamples
        own = (windows, *known, self._starts, self._held, out)
        self._launch(best_in_parts, n_threads, *own)
        best: FloatArray = out.copy_to_host().max(axis=0)
        return best
