"""From bit rows to trades: kernels and what drives them.

Reading order: `segments`, `account`, `trades` (the exact truth), `passage`, `score`, `plane`,
`drawdown` (the speed), then `combos`, `stages`, `shortlist` (what drives them).
"""
