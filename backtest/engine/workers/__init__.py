"""Who computes: threads that share chunks fairly, and a device beside them.

Reading order: `chunks`, `device`, `accelerator`, `device_work`.
See: docs/kernels.md, docs/scale.md#an-accelerator
"""

__all__: list[str] = []
