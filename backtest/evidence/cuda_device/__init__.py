"""Statistics of the evidence on a CUDA device, the same numbers as on the processors.

Only `on_device` imports from here, since numba-cuda is an extra and takes its time to load.

See: docs/scale.md#an-accelerator
"""

__all__: list[str] = []
