"""From indicator outputs to bit rows.

Reading order: `plan` (which conditions the settings of a rule need), `rules` (from outputs to
rows), `bits` (the comparisons, fast).
See: docs/signals.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.signals.plan import RulePlan, plan_rule
    from backtest.signals.rules import RuleReader
else:
    __getattr__ = lazy(
        __name__,
        {
            "plan": ["RulePlan", "plan_rule"],
            "rules": ["RuleReader"],
        },
    )

__all__ = ["RulePlan", "RuleReader", "plan_rule"]
