"""The catalog of indicators and the kernels behind it.

Reading order: `definition` (what a row says), `catalog` (the rows), `series` (what kernels read and
share), the windows and recursions (`sums`, `dispersion`, `extremes`, `ranges`, `smoothing`,
`primitives`), then one file per group. Only `definition` is exported here: the rows bring all
kernels with them, and whoever wants those imports `backtest.indicators.catalog`.

See: docs/indicators.md
"""

from backtest.indicators.definition import Indicator, Rule, RuleFamily

__all__ = ["Indicator", "Rule", "RuleFamily"]
