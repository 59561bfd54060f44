"""Saved strategies in SQLite or Postgres, over SQLAlchemy Core.

Reading order: `table`, `reader`, `writer` (for the commands; the service only reads),
`watched_connection`.
See: docs/saved-strategies.md
"""
