"""Kernels that score variants without a log: Stage A, the risk plane, chosen variants.

Reading order: `score`, `score_growth`; `running_totals`, `slow_segments`, `pair_marks`,
`score_pairs` (many signals that meet many); `plane`, `plane_growth`; `items`, `signatures`.
See: docs/scoring.md
"""

__all__: list[str] = []
