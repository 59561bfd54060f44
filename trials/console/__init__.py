"""The console in a real browser over a real server.

See: docs/console.md#how-it-is-tried
"""

__all__: list[str] = []
