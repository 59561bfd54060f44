"""The demo: `play` (its acts), `scene` (its data), `visit` (the server).

See: docs/commands.md
"""

__all__: list[str] = []
