"""Stage A on a CUDA device, by the same steps as on a processor.

Only `accelerator` imports from here, since numba-cuda is an extra and takes its time to load.
Reading order: `growth`, `kernels`, `compiled`, `stage_a`, `machine`, `trial`.

See: docs/scale.md#an-accelerator
"""

__all__: list[str] = []
