"""From indicators to bit rows, and which of them a variant combines.

Reading order: `rows`, `combos`, `numbering`, `first_signal`.
See: docs/signals.md, docs/grid.md#numbering
"""

__all__: list[str] = []
