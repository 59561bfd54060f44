"""Whether the best variant means anything: what the ledger of all trials says about luck.

Reading order: `result` (what is said), `rows`, `trials` and `returns` (the rows by themselves),
`resamples`, `luck`, `passed_over` and `reality_check`, `splits` and `pbo`, `deflated_sharpe`,
`walk_forward`, `conclusion`, and `evidence` (all of it).
See: docs/evidence.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.evidence.evidence import weigh, without_ledger
    from backtest.evidence.result import Evidence, Verdict
else:
    __getattr__ = lazy(
        __name__, {"evidence": ["weigh", "without_ledger"], "result": ["Evidence", "Verdict"]}
    )

__all__ = ["Evidence", "Verdict", "weigh", "without_ledger"]
