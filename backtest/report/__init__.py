"""What one variant did, exactly, as the answer shows it.

Reading order: `replay` (its trades), `equity` (the curve), `metrics` (25 numbers), `table` (their
print), `variants` (all winners of a run).
See: docs/metrics.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.report.replay import VariantReplay
    from backtest.report.variants import report_winners
else:
    __getattr__ = lazy(
        __name__,
        {
            "replay": ["VariantReplay"],
            "variants": ["report_winners"],
        },
    )

__all__ = ["VariantReplay", "report_winners"]
