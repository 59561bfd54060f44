"""The simulator of CUDA with its threads one after the other.

By itself it starts a thread of Python for each of the device and asks all of them again and again
whether they wait. No kernel of ours waits for another thread, so they may as well take turns, which
takes a tenth of the time; one that did wait would fail, because nobody else is there.
"""

import threading
from importlib import import_module
from typing import Any

import numpy as np


def take_turns() -> None:
    """From now on, in this process."""
    kernel: Any = import_module("numba.cuda.simulator.kernel")
    kernel.BlockManager.run = _run


def _run(block: Any, place: tuple[int, ...], *arguments: Any) -> None:
    from numba.cuda.simulator.kernelapi import Dim3  # noqa: PLC0415 - an extra

    me: Any = threading.current_thread()
    me.blockIdx = Dim3(*place)
    for own in np.ndindex(*block._block_dim):
        me.threadIdx = Dim3(*own)
        block._f(*arguments)
