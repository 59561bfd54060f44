"""How equity grows block by block, in integers that are the same on every machine.

Reading order: `ledger`, `marks`, `growth`.
See: docs/ledger.md
"""

__all__: list[str] = []
