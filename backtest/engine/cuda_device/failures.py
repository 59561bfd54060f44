"""Whatever goes wrong between the driver, its libraries and us is one kind of failure.

See: docs/scale.md#an-accelerator
"""

from collections.abc import Generator
from contextlib import contextmanager

from backtest.engine.workers.device import DeviceFull, DeviceLost

# The name of the driver for it.
OUT_OF_MEMORY = "CUDA_ERROR_OUT_OF_MEMORY"


@contextmanager
def errors_as_lost() -> Generator[None]:
    """Turn every error of the block into a failure of the device; also used as a decorator.

    Raises:
        DeviceFull: The device, or this machine, has no memory left.
        DeviceLost: In place of whatever else was raised.

    See: docs/scale.md#an-accelerator (backtest/engine/workers/device_work.py)
    """
    try:
        yield
    except DeviceLost:
        raise
    except Exception as error:
        reason = first_line(error)
        is_full = OUT_OF_MEMORY in str(error) or isinstance(error, MemoryError)
        raise (DeviceFull if is_full else DeviceLost)(reason) from error


def first_line(error: object) -> str:
    """The first line of an error's message, or the name of its class where there is no message.

    Messages of the driver go on for a page.

    See: docs/scale.md#an-accelerator
    """
    lines = (line.strip(" :") for line in str(error).splitlines())
    return next((line for line in lines if line), type(error).__name__)
