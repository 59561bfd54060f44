"""The device beside the processors: found when it is first needed, given up when it fails.

See: docs/scale.md#an-accelerator
"""

import threading
from collections.abc import Callable

from backtest.engine.workers.device import Device, DeviceLost

# What is said of the device, and whether somebody should look at it.
Notify = Callable[[str, bool], None]


def ignore(_sentence: str, _is_bad: bool) -> None:
    """For those who need no word of a device.

    See: docs/scale.md#an-accelerator
    """


class Accelerator:
    """The device of this machine, if one was wanted and is there.

    Args:
        find: Opens it, or raises `DeviceLost`; called once, when a run first needs a device. None
            for the processors alone.
        notify: Hears once what was found, and of every failure later.
        is_expected: Whether somebody should look at it where there is none.

    Attributes:
        state: What was said last.

    See: docs/scale.md#an-accelerator (backtest/engine/find_device.py)
    """

    def __init__(
        self,
        find: Callable[[], Device] | None = None,
        notify: Notify = ignore,
        *,
        is_expected: bool = False,
    ) -> None:
        self._find, self._notify, self._is_expected = find, notify, is_expected
        self._opening = threading.Lock()
        self._device: Device | None = None
        self._has_refused = False
        self.state = "scoring on the CPU"

    def device(self) -> Device | None:
        """The device; None for the processors alone."""
        with self._opening:
            if self._find is not None:
                self._open(self._find)
                self._find = None
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
            self._device = self._find = None

    def _open(self, find: Callable[[], Device]) -> None:
        try:
            self._device = find()
        except DeviceLost as reason:
            self._report(f"scoring on the CPU: {reason}", self._is_expected)
        else:
            self._report(f"scoring on {self._device.name}", False)

    def _report(self, sentence: str, is_bad: bool) -> None:
        self.state = sentence
        self._notify(sentence, is_bad)
