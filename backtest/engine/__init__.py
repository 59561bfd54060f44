"""From bit rows to winners: kernels and what drives them.

Reading order, from what imports nothing of the others upwards: `bits`, `money`, `blocks`,
`scoring` (kernels); `workers`, `signal_rows`, `pipeline`, `limits`, `selection` (what drives them);
`ranked`, the run from bars to winners, and `shards`, a part of one on another machine.
`cuda_device` scores beside the processors, where `find_device` finds one.
See: docs/scoring.md, docs/kernels.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.engine.limits.estimate import estimate_bytes
    from backtest.engine.ranked import Ranked, rank_variants
    from backtest.engine.workers.chunks import Workers
else:
    __getattr__ = lazy(
        __name__,
        {
            "workers.chunks": ["Workers"],
            "limits.estimate": ["estimate_bytes"],
            "ranked": ["Ranked", "rank_variants"],
        },
    )

__all__ = ["Ranked", "Workers", "estimate_bytes", "rank_variants"]
