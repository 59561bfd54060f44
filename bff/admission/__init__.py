"""Who may compute, when, and with how much memory.

Reading order: `pool`, `lane`, `fair_queue`, `quotas`, `quota_store`, `memory_budget`.
See: docs/reliability.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.admission.fair_queue import FairQueue
    from bff.admission.memory_budget import MemoryBudget
    from bff.admission.pool import RunPool
    from bff.admission.quotas import Quota
else:
    __getattr__ = lazy(
        __name__,
        {
            "fair_queue": ["FairQueue"],
            "memory_budget": ["MemoryBudget"],
            "pool": ["RunPool"],
            "quotas": ["Quota"],
        },
    )

__all__ = ["FairQueue", "MemoryBudget", "Quota", "RunPool"]
