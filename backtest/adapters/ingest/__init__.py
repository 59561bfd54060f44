"""How candles come in: published files, and a generator of synthetic ones.

Reading order: `files`, `values`, `importer`, `generate`.
See: docs/stores.md
"""
