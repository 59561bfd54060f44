"""Which of the stored lengths a run rests on; candles of two lengths are never mixed.

Bars can be made of candles whose length divides the timeframe. The finest of these is taken,
minutes before anything else, unless it reaches across less than half of what another one reaches
across: a month of minutes does not hide five years of hours.

See: docs/stores.md#candles-of-any-length
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Candles of one length in a range: the open times of the first and the last, in epoch ms."""

    length_ms: int
    first_ms: int
    last_ms: int

    @property
    def reach_ms(self) -> int:
        """From the first open to the last close."""
        return self.last_ms - self.first_ms + self.length_ms


def chosen_length(spans: Sequence[Span], timeframe_ms: int) -> int | None:
    """The length to make bars of; None where no stored one divides the timeframe.

    Args:
        spans: What the range holds, one for each length.
        timeframe_ms: Length of a bar.
    """
    usable = [span for span in spans if timeframe_ms % span.length_ms == 0]
    farthest_ms = max((span.reach_ms for span in usable), default=0)
    far = (span.length_ms for span in usable if 2 * span.reach_ms >= farthest_ms)
    return min(far, default=None)
