"""What trades cost and earn: prices, the account, stops, and the exact log of one variant.

Reading order: `account`, `prices`, `passage`, `trades` (the exact truth), `drawdown`, `daily`,
`target` (what kernels read of a run).
See: docs/fills.md, docs/first-passage.md
"""

__all__: list[str] = []
