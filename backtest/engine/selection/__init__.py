"""Which variants win, in their exact order.

Reading order: `preselection`, `winners`, `distinct`, `neighbours`.
See: docs/ranking.md
"""

__all__: list[str] = []
