"""The tables of both stores as numbered steps, and what to do where one is missing.

A step is never changed once it was released: what comes later is a step of its own. Which steps a
store has had stands in a small table beside its own. Reading order: `steps`, `candles`,
`strategies`, `advice`.
See: docs/stores.md#making-the-tables
"""

__all__: list[str] = []
