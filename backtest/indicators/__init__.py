"""The catalog of indicators and the kernels behind it.

Reading order: `definition` (what a row says), `catalog` (the rows), `series` (what kernels read and
share), the windows and recursions (`sums`, `dispersion`, `extremes`, `ranges`, `smoothing`,
`primitives`), then one file per group.
See: docs/indicators.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.indicators.catalog import INDICATORS
    from backtest.indicators.definition import Indicator, Rule, RuleFamily
    from backtest.indicators.series import Series
else:
    __getattr__ = lazy(
        __name__,
        {
            "catalog": ["INDICATORS"],
            "definition": ["Indicator", "Rule", "RuleFamily"],
            "series": ["Series"],
        },
    )

__all__ = ["INDICATORS", "Indicator", "Rule", "RuleFamily", "Series"]
