"""Stage B of one run on a CUDA device, for one tile of the risk plane.

See: docs/scale.md#an-accelerator
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# numba-cuda is untyped.

from typing import Any

import numpy as np

from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, GrowthArray
from backtest.engine.blocks.marks import Marks
from backtest.engine.cuda_device import plane_kernels as kernels
from backtest.engine.cuda_device.failures import errors_as_lost
from backtest.engine.cuda_device.kernels import cuda
from backtest.engine.cuda_device.stage_a import Launch, account_on_device
from backtest.engine.money.account import Terms
from backtest.engine.money.passage import Passages
from backtest.engine.money.prices import Prices
from backtest.types import FloatArray, IntArray, WordArray


class CudaPlanes:
    """A `PlaneScorer` of CUDA.

    Args:
        launch: `launch(kernel, n_threads, *arguments)`, one of `plane_kernels` by its function.
        prices: Prices of the target slice.
        terms: The account's terms.
        passages: First passages of the tile's levels.
        marks: Where blocks end, for a run with a ledger.

    See: docs/scale.md#an-accelerator
    """

    def __init__(
        self, launch: Launch, prices: Prices, terms: Terms, passages: Passages, marks: Marks | None
    ) -> None:
        self._launch, self._terms = launch, terms
        self._n_bars = len(prices.close)
        self._shape = (passages.stops.shape[2], passages.profits.shape[2])
        # no device takes an array without elements; scores look at no mark
        ends, factors = (
            (np.zeros(1, np.int64), terms.factors) if marks is None else (marks.ends, marks.factors)
        )
        self._account = account_on_device(prices, terms)
        self._ends, self._mark_factors = cuda.to_device(ends), cuda.to_device(factors)
        self._passages = Passages(*map(cuda.to_device, passages))

    @errors_as_lost()
    def score(self, rows: WordArray) -> FloatArray:
        """End equity over initial cash of variants over the tile, NaN where it asks for exactness.

        Args:
            rows: Combined bit rows, shape (n, 2, n_words), n > 0.

        Returns:
            Shape (n, n_stops, n_profits).
        """
        planes = self._planes(rows)
        out = cuda.device_array((len(rows), *self._shape), np.float64)
        unsound = np.arange(len(rows))
        if self._terms.lock_rate == 0.0:
            layers, unsound = self._lines(planes, 1)
            account = (planes.cash, planes.account.cap)
            self._launch(kernels.score_cells, out.size, layers, *account, out)
        if len(unsound) and not self._terms.compounds:
            chosen = cuda.to_device(unsound)
            n_threads = len(unsound) * out[0].size
            self._launch(kernels.step_cells, n_threads, planes, chosen, out)
            return out.copy_to_host()
        scores: FloatArray = out.copy_to_host()
        scores[unsound] = np.nan
        return scores

    @errors_as_lost()
    def grow(self, rows: WordArray) -> tuple[GrowthArray, FlagArray]:
        """Growth of variants in each block over the tile.

        Args:
            rows: Combined bit rows, shape (n, 2, n_words), n > 0.

        Returns:
            Millionths, shape (n, n_stops * n_profits, 64), and who was ruined.
        """
        planes = self._planes(rows)
        shape = (len(rows), self._shape[0] * self._shape[1])
        growth = cuda.device_array((*shape, N_BLOCKS), np.int32)
        ruined = cuda.device_array(shape, np.bool_)
        unsound = np.arange(len(rows))
        if self._terms.lock_rate == 0.0:
            layers, unsound = self._lines(planes, N_BLOCKS)
            account = (planes.cash, planes.account.cap)
            self._launch(kernels.grow_cells, ruined.size, layers, *account, growth, ruined)
        if len(unsound):
            chosen = cuda.to_device(unsound)
            n_threads = len(unsound) * shape[1]
            self._launch(kernels.draw_cells, n_threads, planes, chosen, growth, ruined)
        return growth.copy_to_host(), ruined.copy_to_host()

    def _planes(self, rows: WordArray) -> kernels.Planes:
        """What all kernels look at first, with the segments of variants."""
        n = len(rows)
        places = cuda.device_array((n, 3, self._n_bars + 1), np.int64)
        counts = cuda.device_array(n, np.int64)
        own = cuda.to_device(np.ascontiguousarray(rows))
        self._launch(kernels.list_segments, n, own, self._n_bars, places, counts)
        return kernels.Planes(
            self._account, self._terms.init_cash, self._ends, self._mark_factors, self._passages,
            places, counts,
        )  # fmt: skip

    def _lines(self, planes: kernels.Planes, n_layers: int) -> tuple[kernels.Layers, IntArray]:
        """Lines of corners, and the variants whose regions may not hold."""
        n, (n_stops, n_profits) = planes.counts.size, self._shape
        made: list[Any] = []
        for kernel, along, across in (
            (kernels.profit_lines, n_profits, n_stops),
            (kernels.stop_lines, n_stops, n_profits),
            (kernels.signal_lines, n_stops, n_profits),
        ):
            corners = cuda.device_array((n, along, across + 1), np.float64)
            out = cuda.device_array((n, n_layers, along, across), np.float64)
            self._launch(kernel, n * along, planes, n_layers - 1, corners, out)
            made.append(out)
        n_threads = n * n_layers * n_profits
        self._launch(kernels.spread_signals, n_threads, self._terms.budget_cap, made[2])
        is_sound = cuda.device_array(n, np.bool_)
        self._launch(kernels.judge_regions, n, planes, is_sound)
        return kernels.Layers(*made), np.flatnonzero(~is_sound.copy_to_host())
