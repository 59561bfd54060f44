"""What a run will take, from counts alone, and what is refused.

Reading order: `estimate`, `effort`, `guards`.
See: docs/memory.md
"""

__all__: list[str] = []
