"""A plugin of pytest: what the tests run is done on a CUDA device, a simulated one if need be.

`make device` names a few tests. `.venv/bin/python -m pytest -p tests.on_device` takes any; without
a device, under `NUMBA_ENABLE_CUDASIM=1 NUMBA_DISABLE_JIT=1`, it takes a thousand times as long. The
session fails where a device is given up, or has not done everything that it can.
"""

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from backtest.control import Stage
from backtest.engine import find_device
from backtest.engine.workers import accelerator, device_work
from backtest.engine.workers.device import Device
from backtest.jit import config as numba_config
from tests.simulator import take_turns

STAGES = ("stage_a", "stage_b", "reality_check", "pbo_champions", "pbo_ranks")

_done: Counter[tuple[str, str]] = Counter()
_said: list[str] = []


def pytest_configure() -> None:
    """Give a device to everybody who does not say who shall score."""
    if numba_config.ENABLE_CUDASIM:
        take_turns()
    find_device.find_cuda = _only_one(find_device.find_cuda)
    accelerator.Accelerator.__init__.__defaults__ = (find_device.find_cuda, _hear)
    is_done = device_work.DeviceWork.is_done

    def counted(
        self: device_work.DeviceWork, stage: Stage, chunks_on: Callable[[Any], Any]
    ) -> bool:
        on_device = is_done(self, stage, chunks_on)
        _done[stage, "device" if on_device else "processors"] += 1
        return on_device

    device_work.DeviceWork.is_done = counted


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was done where."""
    for sentence in dict.fromkeys(_said):
        terminalreporter.write_line(sentence)
    for (stage, where), times in sorted(_done.items()):
        terminalreporter.write_line(f"{stage}: {times} times by the {where}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail unless the device has done all that it can, and nobody else anything of it."""
    by_device = {stage for stage, where in _done if where == "device"}
    is_all = by_device >= set(STAGES) and not any(where == "processors" for _, where in _done)
    if not is_all and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _hear(sentence: str, _is_bad: bool) -> None:
    _said.append(sentence)


def _only_one(find: Callable[[], Device]) -> Callable[[], Device]:
    """The device is opened and tried out once; closing an accelerator leaves it to the next."""

    @cache
    def found() -> Device:
        device = find()
        device.workers.close = lambda: None
        return device

    return found
