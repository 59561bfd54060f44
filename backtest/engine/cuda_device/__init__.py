"""Stages A and B on a CUDA device, by the same steps as on a processor.

Only `find_device` and the evidence's own `cuda_device` import from here, since numba-cuda is an
extra and takes its time to load.
Reading order: `growth`, `kernels`, `stage_a`, `plane`, `plane_kernels`, `stage_b`, `compiled`,
`machine`, `trial`; `failures` beside them.

See: docs/scale.md#an-accelerator
"""

__all__: list[str] = []
