"""From bit rows to winners: kernels and what drives them.

Reading order: `account`, `prices`, `segments` (with `edges`), `passage`, `trades` (the exact
truth); `score`, `plane`, `drawdown`, `items` (the speed); then `target`, `combos`, `stages`,
`shortlist`, `winners` and `ranked` (what drives them), `accelerator` and `on_device` (a device
beside the processors), and `estimate` (what it will take).
See: docs/scoring.md, docs/kernels.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.engine.chunks import Workers
    from backtest.engine.estimate import estimate_bytes
    from backtest.engine.ranked import Ranked, rank_variants
else:
    __getattr__ = lazy(
        __name__,
        {
            "chunks": ["Workers"],
            "estimate": ["estimate_bytes"],
            "ranked": ["Ranked", "rank_variants"],
        },
    )

__all__ = ["Ranked", "Workers", "estimate_bytes", "rank_variants"]
