"""The device that the configuration wants, if this machine has it.

Nothing of a device is imported, opened or compiled before a run asks for it.

See: docs/scale.md#an-accelerator
"""

import ctypes
import sys
from importlib.util import find_spec
from typing import Literal

from backtest.engine.workers.accelerator import Accelerator, Notify, ignore
from backtest.engine.workers.device import Device, DeviceLost
from backtest.jit import config

DevicePreference = Literal["auto", "cpu", "cuda"]


def accelerator_for(preference: DevicePreference, notify: Notify = ignore) -> Accelerator:
    """An accelerator that looks for its device when a run first needs one.

    Args:
        preference: `cpu` looks for none; `auto` and `cuda` for one by NVIDIA, and differ in what is
            said where there is none.
        notify: Hears once what was found, and of every failure later.

    See: docs/scale.md#an-accelerator
    """
    find = None if preference == "cpu" else find_cuda
    return Accelerator(find, notify, is_expected=preference == "cuda")


def find_cuda() -> Device:
    """The first CUDA device, tried out.

    Raises:
        DeviceLost: There is none, or it does not compute what the processors do.

    See: docs/scale.md#an-accelerator (backtest/engine/cuda_device/trial.py)
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


def _has_driver() -> bool:
    """Whether the driver's library is there; asked first, because numba-cuda loads for a second."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True
