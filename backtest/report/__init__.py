"""What one variant did, exactly, as the answer shows it.

Reading order: `replay` (its trades), `equity` (the curve), `metrics` (25 numbers), `table` (their
print), `variants` (all winners of a run).

See: docs/metrics.md
"""

from backtest.report.replay import VariantReplay
from backtest.report.variants import report_winners

__all__ = ["VariantReplay", "report_winners"]
