"""Stage A of one run on a CUDA device: what is uploaded once, once a block, and what comes back.

See: docs/scale.md#an-accelerator
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# numba-cuda is untyped.

from collections.abc import Callable
from typing import Any

import numpy as np

from backtest.engine.blocks.ledger import N_BLOCKS, FlagArray, GrowthArray
from backtest.engine.blocks.marks import Marks
from backtest.engine.cuda_device import kernels
from backtest.engine.cuda_device.failures import errors_as_lost
from backtest.engine.cuda_device.growth import slots_of
from backtest.engine.cuda_device.kernels import cuda
from backtest.engine.money.account import Terms
from backtest.engine.money.prices import Prices
from backtest.engine.money.target import ALLOWED
from backtest.engine.scoring.score import Account
from backtest.types import FloatArray, IntArray, WordArray

Launch = Callable[..., None]


class CudaStageA:
    """A `BlockScorer` of CUDA.

    Args:
        launch: `launch(kernel, n_threads, *arguments)`, one of `kernels` by its function.
        slow_rows: Shape (n, 2, n_words).
        side_masks: Shape (2,), all ones for a side that may be entered.
        prices: Prices of the target slice.
        terms: The account's terms.
        marks: Where blocks end and all rows are cut, for a run with a ledger.

    See: docs/scale.md#an-accelerator
    """

    def __init__(
        self,
        launch: Launch,
        slow_rows: WordArray,
        side_masks: WordArray,
        prices: Prices,
        terms: Terms,
        marks: Marks | None,
    ) -> None:
        self._launch = launch
        self._terms = terms
        # no device takes an array without elements; what all variants share changes nothing
        has_slow = len(slow_rows) > 0
        slow = slow_rows if has_slow else np.full((1, *slow_rows.shape[1:]), ALLOWED)
        self._slow, self._has_slow = cuda.to_device(slow), has_slow
        self._side_masks = cuda.to_device(side_masks)
        self._account = account_on_device(prices, terms)
        self._marks = () if marks is None else _marks_on_device(marks)
        self._fast: Any = None

    @errors_as_lost()
    def take(self, rows: WordArray) -> None:
        """Upload a block of the fast indicator's rows, shape (n_rows, 2, n_words)."""
        n_rows, n_sides, n_words = rows.shape
        self._fast = None
        turned = cuda.device_array((n_sides, n_words, n_rows), np.uint64)
        self._launch(kernels.turn_rows, rows.size, cuda.to_device(rows), turned)
        self._fast = turned

    @errors_as_lost()
    def score(self, outer_ids: IntArray) -> FloatArray:
        """Scores of outer variants with every row of the block, shape (n_outer, n_rows)."""
        outer = self._combined(outer_ids)
        out = cuda.device_array((len(outer_ids), self._fast.shape[2]), np.float64)
        kernel, cash = self._kernel()
        self._launch(kernel, out.size, outer, self._fast, self._account, *cash, out)
        return out.copy_to_host()

    @errors_as_lost()
    def grow(self, outer_ids: IntArray, growth: GrowthArray, ruined: FlagArray) -> FloatArray:
        """The same with the ledger: rows are cut at the marks.

        Args:
            outer_ids: Shape (n_outer, n_slow).
            growth: Out, shape (n_outer, n_rows, 64), millionths.
            ruined: Out, shape (n_outer, n_rows).
        """
        outer, shape = self._combined(outer_ids), (len(outer_ids), self._fast.shape[2])
        scores = cuda.device_array(shape, np.float64)
        own_growth = cuda.device_array((*shape, N_BLOCKS), np.int32)
        own_ruined = cuda.device_array(shape, np.bool_)
        self._launch(
            self._growing_kernel(), scores.size, outer, self._fast, self._account, *self._marks,
            self._terms.init_cash, kernels.GrownRows(scores, own_growth, own_ruined),
        )  # fmt: skip
        growth[:], ruined[:] = own_growth.copy_to_host(), own_ruined.copy_to_host()
        return scores.copy_to_host()

    def _combined(self, outer_ids: IntArray) -> Any:
        """Slow rows of outer variants combined, shape (n_outer, 2, n_words)."""
        n_outer, n_words = len(outer_ids), self._fast.shape[1]
        outer = cuda.device_array((n_outer, 2, n_words), np.uint64)
        ids = outer_ids if self._has_slow else np.zeros((n_outer, 1), np.int64)
        ids = cuda.to_device(np.ascontiguousarray(ids))
        self._launch(kernels.combine_rows, outer.size, self._slow, ids, self._side_masks, outer)
        return outer

    def _kernel(self) -> tuple[Callable[..., None], tuple[float, ...]]:
        terms = self._terms
        if terms.compounds:
            return kernels.score_compounding, ()
        kernel = kernels.score_locked if np.isinf(terms.budget_cap) else kernels.score_fixed
        return kernel, (terms.init_cash,)

    def _growing_kernel(self) -> Callable[..., None]:
        if self._terms.compounds:
            return kernels.grow_compounding
        return kernels.grow_locked if np.isinf(self._terms.budget_cap) else kernels.grow_fixed


def account_on_device(prices: Prices, terms: Terms) -> Account:
    """What steps of a balance look at, its arrays uploaded.

    See: docs/scale.md#an-accelerator
    """
    return Account(
        close=cuda.to_device(prices.padded),
        inverse=cuda.to_device(prices.inverse),
        factors=cuda.to_device(terms.factors),
        cap=terms.budget_cap,
        lock=terms.lock_rate,
    )


def _marks_on_device(marks: Marks) -> tuple[Marks, Any]:
    return Marks(*map(cuda.to_device, marks)), cuda.to_device(slots_of(marks))
