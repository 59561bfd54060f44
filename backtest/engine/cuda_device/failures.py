"""Whatever goes wrong between the driver, its libraries and us is one kind of failure.

See: docs/scale.md#an-accelerator
"""

from collections.abc import Generator
from contextlib import contextmanager

from backtest.engine.workers.accelerator import DeviceFull, DeviceLost

# The name of the driver for it.
OUT_OF_MEMORY = "CUDA_ERROR_OUT_OF_MEMORY"


@contextmanager
def told_as_lost() -> Generator[None]:
    """Around everything that a device does; as a decorator too.

    Raises:
        DeviceFull: The device, or this machine, has no memory left.
        DeviceLost: In place of whatever else was raised.
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
    """What an error says first; those of the driver go on for a page."""
    lines = (line.strip(" :") for line in str(error).splitlines())
    return next((line for line in lines if line), type(error).__name__)
