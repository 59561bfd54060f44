"""What the conclusion holds its numbers against: one table for code, configuration and answer.

See: docs/evidence.md#thresholds
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Limits of the numbers, all of them for the best returned variant.

    `HOLDS_UP` needs every `holds_up_…`; one `luck_…` is enough for `LIKELY_LUCK`.

    Attributes:
        holds_up_p_value: Adjusted p against cash and against holding: below.
        holds_up_pbo: Probability of overfitting: at most.
        holds_up_deflated_sharpe: Deflated Sharpe ratio over the effective trials: at least.
        holds_up_walk_forward_pct: Growth of the walk forward: above.
        luck_p_value: Adjusted p against cash: at least.
        luck_pbo: Probability of overfitting: at least.
        min_active_blocks: Blocks of 64 in which the variant's equity must have moved; with fewer
            the verdict is `NOT_ENOUGH_DATA`.

    See: docs/evidence.md#thresholds
    """

    holds_up_p_value: float = 0.05
    holds_up_pbo: float = 0.25
    holds_up_deflated_sharpe: float = 0.5
    holds_up_walk_forward_pct: float = 0.0
    luck_p_value: float = 0.2
    luck_pbo: float = 0.5
    min_active_blocks: int = 16


STANDARD = Thresholds()
"""What is held against where nothing else was configured."""
