"""What a run lets the device do, as long as there is one that can.

See: docs/scale.md#an-accelerator
"""

from collections.abc import Callable, Sequence

from backtest.control import Control, Stage
from backtest.engine.workers.accelerator import Accelerator
from backtest.engine.workers.chunks import Chunk
from backtest.engine.workers.device import PROCESSORS, Device, DeviceFull, DeviceLost


class DeviceWork:
    """Work of one kind, which the processors do where the device does not.

    Args:
        accelerator: The device, if there is one.
        control: The run's handle.

    Attributes:
        done_by: Who has done it so far, in the words of a log.

    See: docs/scale.md#an-accelerator
    """

    def __init__(self, accelerator: Accelerator | None, control: Control) -> None:
        self._accelerator, self._control = accelerator or Accelerator(), control
        self.done_by: list[str] = []

    def is_done(self, stage: Stage, chunks_on: Callable[[Device], Sequence[Chunk]]) -> bool:
        """Do a part of the work on the device.

        Args:
            stage: What progress is told of.
            chunks_on: Makes the chunks, which the device's thread runs in their order.

        Returns:
            False where there is no device or it cannot: then others are to do the part anew.

        Raises:
            BacktestError: The run was cancelled or its time is up.
        """
        device = self._accelerator.device()
        is_done = device is not None and self._is_done_by(device, stage, chunks_on(device))
        name = device.name if device is not None and is_done else PROCESSORS
        if name not in self.done_by:
            self.done_by.append(name)
        return is_done

    def _is_done_by(self, device: Device, stage: Stage, chunks: Sequence[Chunk]) -> bool:
        try:
            device.workers.run(stage, chunks, self._control)
        except DeviceFull as reason:
            self._accelerator.refuse(device, str(reason))
            return False
        except DeviceLost as reason:
            self._accelerator.give_up(device, str(reason))
            return False
        return True


def check_room(device: Device, needed: int) -> None:
    """Raise `DeviceFull` where fewer bytes are free than needed; for the device's own thread.

    See: docs/scale.md#an-accelerator
    """
    free = device.free_bytes()
    if needed > free:
        raise DeviceFull(f"it has {free} bytes free, {needed} are needed")
