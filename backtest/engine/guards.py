"""What one run may hold and be answered with: asked at preflight, and when its winners are known.

See: docs/memory.md
"""

from dataclasses import dataclass

from backtest.engine.estimate import TradeCounts, answer_bytes, estimate_bytes
from backtest.errors import AnswerTooLong, GuardExceeded
from backtest.plan import Plan
from backtest.policy import RunPolicy, Want

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
        needed = estimate_bytes(self.plan, *self.plan.count_bars(), self.policy, self.want, trades)
        if needed > limit:
            raise GuardExceeded(
                "The run would need more memory than one run may use; shorten the range",
                error="max_compute_bytes_total_exceeded",
                stage="preflight" if trades is None else "report",
                estimated_bytes=needed,
                max_compute_bytes_total=limit,
            )
        return needed

    def check_answer(self, trades: TradeCounts, stage: str) -> None:
        """Return if the answer may be as long as it will be.

        Raises:
            AnswerTooLong: It will surely be longer.
        """
        expected, limit = answer_bytes(self.plan, self.want, trades), self.policy.answer_max_bytes
        if SURELY * expected > limit:
            raise AnswerTooLong(n_bytes=expected, limit=limit, stage=stage)
