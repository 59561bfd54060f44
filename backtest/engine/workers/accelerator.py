"""The device beside the processors: found when it is first needed, given up when it fails.

Nothing of a device is imported, opened or compiled before a run asks for it.

See: docs/scale.md#an-accelerator
"""

import ctypes
import sys
import threading
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Literal, Protocol

from backtest.engine.blocks.ledger import FlagArray, GrowthArray
from backtest.engine.blocks.marks import Marks
from backtest.engine.money.account import Terms
from backtest.engine.money.passage import Passages
from backtest.engine.money.prices import Prices
from backtest.engine.workers.chunks import Workers
from backtest.jit import config
from backtest.types import FloatArray, IntArray, WordArray

DevicePreference = Literal["auto", "cpu", "cuda"]
# What is said of the device, and whether somebody should look at it.
Notify = Callable[[str, bool], None]

PROCESSORS = "cpu"


def _ignore(_sentence: str, _is_bad: bool) -> None:
    return


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


class Accelerator:
    """The device that was wished for, if there is one.

    Args:
        preference: `cpu` looks for none; `auto` and `cuda` for one by NVIDIA, and differ in what is
            said where there is none.
        notify: Hears once what was found, and of every failure later.

    Attributes:
        state: What was said last.

    See: docs/scale.md#an-accelerator
    """

    def __init__(self, preference: DevicePreference = "cpu", notify: Notify = _ignore) -> None:
        self._preference: DevicePreference = preference
        self._notify = notify
        self._opening = threading.Lock()
        self._is_open = preference == "cpu"
        self._device: Device | None = None
        self._has_refused = False
        self.state = "scoring on the CPU"

    def device(self) -> Device | None:
        """The device; None for the processors alone."""
        with self._opening:
            if not self._is_open:
                self._open()
                self._is_open = True
            return self._device

    def give_up(self, device: Device, reason: str) -> None:
        """Never use a device that has failed again."""
        with self._opening:
            if self._device is device:
                self._device = None
                self._report(
                    f"{device.name} failed and is no longer used, scoring on the CPU: {reason}",
                    True,
                )

    def refuse(self, device: Device, reason: str) -> None:
        """Say, the first time, why a device that works is not used for a run."""
        with self._opening:
            if not self._has_refused:
                self._has_refused = True
                self._report(
                    f"{device.name} cannot take this run, scoring on the CPU: {reason}", True
                )

    def close(self) -> None:
        """End the device's thread."""
        with self._opening:
            if self._device is not None:
                self._device.workers.close()
            self._device, self._is_open = None, True

    def _open(self) -> None:
        try:
            self._device = _find_cuda()
        except DeviceLost as reason:
            self._report(f"scoring on the CPU: {reason}", self._preference == "cuda")
        else:
            self._report(f"scoring on {self._device.name}", False)

    def _report(self, sentence: str, is_bad: bool) -> None:
        self.state = sentence
        self._notify(sentence, is_bad)


def _has_driver() -> bool:
    """Whether the driver's library is there; asked first, because numba-cuda loads for a second."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _find_cuda() -> Device:
    """The first CUDA device, tried out.

    Raises:
        DeviceLost: There is none, or it does not compute what the processors do.
    """
    # Numba has a module of that name without the package too, an old one.
    if find_spec("numba_cuda") is None:
        raise DeviceLost("the extra cuda is not installed")
    if not (config.ENABLE_CUDASIM or _has_driver()):
        raise DeviceLost("there is no CUDA driver")
    try:
        from backtest.engine.cuda_device.machine import open_cuda  # noqa: PLC0415 - only if wanted
    except ImportError as error:
        raise DeviceLost(f"the extra cuda cannot be loaded: {error}") from error
    return open_cuda()
