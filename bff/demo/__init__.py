"""The demo: `scene` (its data and request), `visit` (the server and both faces), `show` (print)."""
