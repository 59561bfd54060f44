"""Statistics of the evidence on the accelerator, as long as there is one that can.

Before a device looks at all trials it looks at the first few, and so do the processors: what both
find must be the same to the bit.

See: docs/scale.md#an-accelerator
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from backtest.control import Stage
from backtest.engine.blocks.ledger import GrowthArray
from backtest.engine.workers.chunks import Chunk, spans
from backtest.engine.workers.device import Device, DeviceLost
from backtest.engine.workers.device_work import DeviceWork, check_room
from backtest.evidence.resampled import ResampledTrials, best_of_part
from backtest.evidence.resamples import Resamples
from backtest.evidence.splits import (
    Champions,
    Counts,
    count_below,
    find_champions,
    no_counts,
    nobody,
)
from backtest.types import FloatArray, IntArray

# A launch is a chunk: trials that keep a large device busy for some milliseconds.
ROWS_PER_LAUNCH = 1 << 15
N_TRIED = 8
# What a launch takes for each trial, and for each split or resample, at most.
ROW_BYTES, COLUMN_BYTES = 2_048, 4_096

Part = Callable[[int, int], None]


def luck_on_device(
    work: DeviceWork,
    trials_of: Callable[[int, int], ResampledTrials],
    n_trials: int,
    resamples: Resamples,
    holding: FloatArray,
) -> FloatArray | None:
    """What `luck.best_by_luck` returns, or None where that is left to the processors.

    Args:
        work: What the device may do.
        trials_of: The trials from one row to another.
        n_trials: How many there are.
        resamples: The resamples.
        holding: Shape (64,), growth of the instrument.

    See: docs/evidence.md#reality-check
    """
    best = np.zeros((2, len(resamples.starts)), np.float64)

    def begin(device: Device) -> Part:
        from backtest.evidence.cuda_device.luck import SIGNATURES, CudaLuck  # noqa: PLC0415

        on_it = CudaLuck(device.launcher(SIGNATURES), resamples, holding)
        few, expected = trials_of(0, N_TRIED), np.zeros_like(best)
        best_of_part(few, resamples, holding, expected.view(np.int64))
        _compare([on_it.best(few)], [expected])

        def look_at(start: int, stop: int) -> None:
            np.maximum(best, on_it.best(trials_of(start, stop)), out=best)

        return look_at

    is_done = _is_looked_at(work, "reality_check", n_trials, best.shape[1], begin)
    return best if is_done else None


def champions_on_device(
    work: DeviceWork, growth: GrowthArray, lots: IntArray, masks: IntArray
) -> Champions | None:
    """What `pbo.champions_of` returns, or None where that is left to the processors.

    Args:
        work: What the device may do.
        growth: Shape (n_trials, 64).
        lots: Shape (n_trials,).
        masks: Shape (n_splits,).

    See: docs/evidence.md#pbo
    """
    best = nobody(len(masks))

    def begin(device: Device) -> Part:
        from backtest.evidence.cuda_device.halves import SIGNATURES, CudaHalves  # noqa: PLC0415

        tried, expected = CudaHalves(device.launcher(SIGNATURES), masks), nobody(len(masks))
        find_champions(growth[:N_TRIED], lots[:N_TRIED], masks, expected)
        tried.crown(growth[:N_TRIED], lots[:N_TRIED], 0)
        _compare(tried.champions(), expected)
        on_it = CudaHalves(device.launcher(SIGNATURES), masks)

        def look_at(start: int, stop: int) -> None:
            on_it.crown(growth[start:stop], lots[start:stop], start)
            if stop == len(growth):
                _copy(on_it.champions(), best)

        return look_at

    is_done = _is_looked_at(work, "pbo_champions", len(growth), len(masks), begin)
    return best if is_done else None


def counts_on_device(
    work: DeviceWork, growth: GrowthArray, masks: IntArray, after: IntArray
) -> Counts | None:
    """How many trials did less than champions, or None where that is left to the processors.

    Args:
        work: What the device may do.
        growth: Shape (n_trials, 64).
        masks: Shape (n_splits,).
        after: Shape (2, n_splits), growth of the champion of each half in the other.

    See: docs/evidence.md#pbo
    """
    counts = no_counts(len(masks))

    def begin(device: Device) -> Part:
        from backtest.evidence.cuda_device.halves import SIGNATURES, CudaHalves  # noqa: PLC0415

        tried, expected = CudaHalves(device.launcher(SIGNATURES), masks), no_counts(len(masks))
        count_below(growth[:N_TRIED], masks, after, expected)
        tried.count(growth[:N_TRIED], after)
        _compare(tried.counts(), expected)
        on_it = CudaHalves(device.launcher(SIGNATURES), masks)

        def look_at(start: int, stop: int) -> None:
            on_it.count(growth[start:stop], after)
            if stop == len(growth):
                _copy(on_it.counts(), counts)

        return look_at

    is_done = _is_looked_at(work, "pbo_ranks", len(growth), len(masks), begin)
    return counts if is_done else None


def _is_looked_at(
    work: DeviceWork, stage: Stage, n_trials: int, n_columns: int, begin: Callable[[Device], Part]
) -> bool:
    """Whether a device has looked at all trials, launch by launch in their order."""
    parts: list[Part] = []

    def open_on(device: Device) -> None:
        check_room(device, ROWS_PER_LAUNCH * ROW_BYTES + n_columns * COLUMN_BYTES)
        parts.append(begin(device))

    def look_at(start: int, stop: int) -> None:
        parts[0](start, stop)

    def chunks_on(device: Device) -> list[Chunk]:
        launches = [partial(look_at, *span) for span in spans(n_trials, ROWS_PER_LAUNCH)]
        return [partial(open_on, device), *launches]

    return n_trials > 0 and work.is_done(stage, chunks_on)


def _compare(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> None:
    if not all(map(np.array_equal, found, expected)):
        raise DeviceLost("it does not compute the processors' bits: statistics of the evidence")


def _copy(found: Sequence[np.ndarray], out: Sequence[np.ndarray]) -> None:
    for mine, theirs in zip(out, found, strict=True):
        mine[:] = theirs
