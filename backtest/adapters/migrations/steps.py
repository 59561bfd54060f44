"""What was done to a store.

See: docs/stores.md#making-the-tables
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a store's schema; `is_new` where it was taken just now."""

    number: int
    what: str
    is_new: bool
