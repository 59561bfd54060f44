"""The demo: `scene` (its data and request), `visit` (the server and both faces), `show` (print)."""

__all__: list[str] = []
