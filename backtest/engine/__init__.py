"""From bit rows to winners: kernels and what drives them.

Reading order: `account`, `prices`, `segments` (with `edges`), `passage`, `trades` (the exact
truth); `score`, `plane`, `drawdown`, `items` (the speed); then `target`, `combos`, `stages`,
`shortlist`, `winners` and `ranked` (what drives them), and `estimate` (what it will take).

See: docs/scoring.md, docs/kernels.md
"""

from backtest.engine.chunks import Workers
from backtest.engine.estimate import estimate_bytes
from backtest.engine.ranked import Ranked, rank_variants

__all__ = ["Ranked", "Workers", "estimate_bytes", "rank_variants"]
