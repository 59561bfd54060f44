"""From indicator outputs to bit rows.

Reading order: `plan` (which conditions the settings of a rule need), `rules` (from outputs to
rows), `bits` (the comparisons, fast).

See: docs/signals.md
"""

from backtest.signals.plan import RulePlan, plan_rule
from backtest.signals.rules import RuleReader

__all__ = ["RulePlan", "RuleReader", "plan_rule"]
