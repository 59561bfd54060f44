"""What the slow twins of the indicators have in common, on plain lists."""

import math
from collections.abc import Sequence

NAN = math.nan


def windows(x: Sequence[float], window: int) -> list[list[float]]:
    """The last `window` values at every bar; an empty list while there are fewer."""
    return [list(x[t - window + 1 : t + 1]) if t >= window - 1 else [] for t in range(len(x))]


def smoothed(x: Sequence[float], alpha: float) -> list[float]:
    """Exponential smoothing that starts on the first value and again after every NaN."""
    out: list[float] = []
    for t, value in enumerate(x):
        is_seed = t == 0 or math.isnan(out[t - 1]) or math.isnan(value)
        out.append(value if is_seed else alpha * value + (1 - alpha) * out[t - 1])
    return out


def mean_of(part: Sequence[float]) -> float:
    return math.fsum(part) / len(part) if part else NAN


def highest(x: Sequence[float], window: int) -> list[float]:
    return [max(part) if _is_full(part) else NAN for part in windows(x, window)]


def lowest(x: Sequence[float], window: int) -> list[float]:
    return [min(part) if _is_full(part) else NAN for part in windows(x, window)]


def _is_full(part: Sequence[float]) -> bool:
    return len(part) > 0 and not any(map(math.isnan, part))
