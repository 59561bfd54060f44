"""A signal as words of 64 bars: combined, walked from edge to edge, cut into segments.

Reading order: `bitops`, `combine`, `edges`, `segments`.
See: docs/scoring.md
"""

__all__: list[str] = []
