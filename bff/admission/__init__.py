"""Who may compute, when, and with how much memory.

Reading order: `pool`, `fair_queue`, `quotas`, `memory_budget`.
See: docs/reliability.md
"""
