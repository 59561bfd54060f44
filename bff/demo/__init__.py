"""The demo: `play` (its acts), `scene` (its data), `visit` (the server), `show` (how it prints)."""

__all__: list[str] = []
