"""The process that listens: how it starts, stops, is watched and multiplied.

Reading order: `server`, `workers`, `health`, `metrics`, `traces`.
See: docs/reliability.md
"""
