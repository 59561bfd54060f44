"""Building the console: `build` finds or gets Node, and writes `console/dist`.

See: docs/console.md#how-it-is-built
"""

__all__: list[str] = []
