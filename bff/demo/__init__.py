"""The demo: `play` (its acts), `scene` (its data), `visit` (the server), `show` (how it prints).

See: docs/commands.md
"""

__all__: list[str] = []
