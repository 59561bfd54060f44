"""What one run may hold and be answered with: asked at preflight, and when its winners are known.

See: docs/memory.md
"""

from dataclasses import dataclass, replace

from backtest.engine.limits.estimate import TradeCounts, answer_bytes, estimate_bytes, ranking_bytes
from backtest.errors import AnswerTooLong, GuardExceeded
from backtest.plan import Plan
from backtest.policy import OF_LEDGER, RunPolicy, Want

# The text is estimated; what is near the limit is decided while it is written.
SURELY = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """The guards of a run on memory and on the length of its answer.

    Args:
        plan: The plan.
        policy: The limits.
        want: What the answer is made of.

    See: docs/memory.md
    """

    plan: Plan
    policy: RunPolicy
    want: Want

    def bytes_needed(self, trades: TradeCounts | None = None) -> int:
        """The bytes that the run needs, if one run may have so many.

        Args:
            trades: How often the winners trade; guessed while it is not known.

        Raises:
            GuardExceeded: One run may not.
        """
        limit = self.policy.max_compute_bytes_total
        needed = self._estimate(self.want, trades)
        if needed > limit:
            raise GuardExceeded(
                self._advice(trades),
                error="max_compute_bytes_total_exceeded",
                stage="preflight" if trades is None else "report",
                estimated_bytes=needed,
                max_compute_bytes_total=limit,
            )
        return needed

    def bytes_at_first(self) -> int:
        """What of that it holds until its winners are known."""
        return ranking_bytes(self.plan, *self.plan.count_bars(), self.policy, self.want)

    def _estimate(self, want: Want, trades: TradeCounts | None) -> int:
        return estimate_bytes(self.plan, *self.plan.count_bars(), self.policy, want, trades)

    def _advice(self, trades: TradeCounts | None) -> str:
        """What to ask less of: where it is the ledger that is too large, no range helps."""
        alone = replace(self.want, parts=self.want.parts - OF_LEDGER)
        limit = self.policy.max_compute_bytes_total
        if self.want.ledger and self._estimate(alone, trades) <= limit:
            return (
                "The evidence and the landscape would need more memory than one run may use, for "
                "every variant that is tried; leave them out or shorten an axis"
            )
        return "The run would need more memory than one run may use; shorten the range"

    def check_answer(self, trades: TradeCounts, stage: str) -> None:
        """Return if the answer may be as long as it will be.

        Raises:
            AnswerTooLong: It will surely be longer.
        """
        expected, limit = answer_bytes(self.plan, self.want, trades), self.policy.answer_max_bytes
        if SURELY * expected > limit:
            raise AnswerTooLong(n_bytes=expected, limit=limit, stage=stage)
