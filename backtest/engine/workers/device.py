"""What a device beside the processors can do, and how it fails.

See: docs/scale.md#an-accelerator (backtest/engine/cuda_device/machine.py)
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from backtest.engine.blocks.ledger import FlagArray, GrowthArray
from backtest.engine.blocks.marks import Marks
from backtest.engine.money.account import Terms
from backtest.engine.money.passage import Passages
from backtest.engine.money.prices import Prices
from backtest.engine.workers.chunks import Workers
from backtest.types import FloatArray, IntArray, WordArray

# The name of who scores where no device does.
PROCESSORS = "cpu"


class DeviceLost(Exception):
    """A device cannot be used, or not any more; the message is a clause that says why.

    See: docs/scale.md#an-accelerator (backtest/engine/workers/device_work.py)
    """


class DeviceFull(DeviceLost):
    """A device, or this machine beside it, has no memory left for a run; the next may find some.

    See: docs/scale.md#an-accelerator (backtest/engine/workers/device_work.py)
    """


class BlockScorer(Protocol):
    """Stage A of one run on a device; every method is called in the device's own thread.

    See: docs/scale.md#an-accelerator (backtest/engine/cuda_device/stage_a.py)
    """

    def take(self, rows: WordArray) -> None:
        """Upload a block of the fast indicator's rows, shape (n_rows, 2, n_words)."""
        ...

    def score(self, outer_ids: IntArray) -> FloatArray:
        """Scores of outer variants, shape (n_outer, n_slow), with every row of the block.

        Returns:
            Shape (n_outer, n_rows), end equity over initial cash; NaN asks for exact scoring.
        """
        ...

    def grow(self, outer_ids: IntArray, growth: GrowthArray, ruined: FlagArray) -> FloatArray:
        """Scores as of `score`, where rows are cut at marks, and their growth.

        Args:
            outer_ids: Shape (n_outer, n_slow).
            growth: Out, shape (n_outer, n_rows, 64), millionths.
            ruined: Out, shape (n_outer, n_rows).
        """
        ...


class PlaneScorer(Protocol):
    """Stage B of one run on a device, for one tile; methods are called in the device's thread.

    See: docs/scale.md#an-accelerator (backtest/engine/cuda_device/stage_b.py)
    """

    def score(self, rows: WordArray) -> FloatArray:
        """End equity over initial cash of variants over the tile.

        Args:
            rows: Combined bit rows, shape (n, 2, n_words), n > 0.

        Returns:
            Shape (n, n_stops, n_profits); NaN asks for exact scoring of the variant.
        """
        ...

    def grow(self, rows: WordArray) -> tuple[GrowthArray, FlagArray]:
        """Growth of the same, shape (n, n_cells, 64), millionths, and who was ruined."""
        ...


class Device(Protocol):
    """A device that scores.

    Attributes:
        name: What its maker calls it.
        workers: Its thread, which runs take turns on.

    See: docs/scale.md#an-accelerator (backtest/engine/cuda_device/machine.py)
    """

    name: str
    workers: Workers

    def free_bytes(self) -> int:
        """Memory that nobody holds."""
        ...

    def scorer(
        self,
        slow_rows: WordArray,
        side_masks: WordArray,
        prices: Prices,
        terms: Terms,
        marks: Marks | None = None,
    ) -> BlockScorer:
        """Stage A of a run, with its slow rows, shape (n, 2, n_words), on the device.

        With marks its rows, slow and fast, are cut there, and it has a ledger.
        """
        ...

    def launcher(self, signatures: Mapping[Callable[..., None], str]) -> Callable[..., None]:
        """What launches kernels by their functions, each with the only signature that it has.

        `launch(kernel, n_threads, *arguments)`, in the device's thread.
        """
        ...

    def planes(
        self, prices: Prices, terms: Terms, passages: Passages, marks: Marks | None = None
    ) -> PlaneScorer:
        """Stage B of a run over a tile of its risk plane, with a ledger where there are marks."""
        ...
