"""Momentum indicators as docs/indicators.md defines them: one bar at a time, window by window."""

from decimal import Decimal

from tests.oracle import decimals
from tests.oracle.decimals import (
    NAN,
    ZERO,
    Numbers,
    Rows,
    highest,
    is_above,
    lowest,
    mean,
    quotient,
    quotients,
    rolling_mean,
    windows,
)

FISHER_LIMIT = Decimal("0.999")
LEAST_RSI_RANGE = Decimal("1e-9")


def roc(rows: Rows, *, source: str, window: int) -> Numbers:
    x = rows[source]
    return [
        100 * (x[t] / x[t - window] - 1) if t >= window and x[t - window] != 0 else NAN
        for t in range(len(x))
    ]


def rsi(rows: Rows, *, source: str, window: int) -> Numbers:
    x = rows[source]
    changes = [x[t] - x[t - 1] for t in range(1, len(x))]
    gains = decimals.rma([max(d, ZERO) for d in changes], window)
    losses = decimals.rma([max(-d, ZERO) for d in changes], window)
    return [NAN, *(_strength(g, q) for g, q in zip(gains, losses, strict=True))]


def _strength(gain: Decimal, loss: Decimal) -> Decimal:
    if loss == 0:
        return NAN if gain == 0 else Decimal(100)
    return 100 - 100 / (1 + gain / loss)


def _place(x: Numbers, top: Numbers, bottom: Numbers, least: Decimal) -> Numbers:
    """Percent of the way from bottom to top; NaN where the range is at most `least`."""
    return [
        100 * (v - low) / (high - low) if high - low > least else NAN
        for v, high, low in zip(x, top, bottom, strict=True)
    ]


def _range(rows: Rows, window: int) -> tuple[Numbers, Numbers]:
    return highest(rows["high"], window), lowest(rows["low"], window)


def stoch(rows: Rows, *, k_window: int, smoothing: int) -> Numbers:
    raw = _place(rows["close"], *_range(rows, k_window), ZERO)
    return rolling_mean(raw, smoothing)


def stoch_rsi(
    rows: Rows, *, source: str, k_window: int, rsi_window: int, smoothing: int
) -> Numbers:
    strength = rsi(rows, source=source, window=rsi_window)
    ends = highest(strength, k_window), lowest(strength, k_window)
    return rolling_mean(_place(strength, *ends, LEAST_RSI_RANGE), smoothing)


def williams_r(rows: Rows, *, window: int) -> Numbers:
    return [
        -100 * (high - c) / (high - low) if high > low else NAN
        for c, high, low in zip(rows["close"], *_range(rows, window), strict=True)
    ]


def cci(rows: Rows, *, window: int) -> Numbers:
    out: Numbers = []
    for part in windows(rows["hlc3"], window):
        middle = mean(part)
        deviation = mean([abs(v - middle) for v in part])
        is_even = not part or max(part) == min(part)
        out.append(NAN if is_even else (part[-1] - middle) / (deviation * Decimal("0.015")))
    return out


def _apart(rows: Rows, source: str, fast_window: int, slow_window: int) -> tuple[Numbers, Numbers]:
    fast, slow = (decimals.ema(rows[source], window) for window in (fast_window, slow_window))
    pairs = list(zip(fast, slow, strict=True))
    return [f - s if is_above(f, s) or is_above(s, f) else ZERO for f, s in pairs], slow


def macd(rows: Rows, *, source: str, fast_window: int, slow_window: int) -> Numbers:
    apart, _ = _apart(rows, source, fast_window, slow_window)
    return apart


def ppo(rows: Rows, *, source: str, fast_window: int, slow_window: int) -> Numbers:
    apart, slow = _apart(rows, source, fast_window, slow_window)
    return quotients([100 * value for value in apart], slow)


def trix(rows: Rows, *, source: str, window: int) -> Numbers:
    e = rows[source]
    for _ in range(3):
        e = decimals.ema(e, window)
    growth = [quotient(e[t] - e[t - 1], e[t - 1]) for t in range(1, len(e))]
    return [NAN, *(100 * value for value in growth)]


def fisher(rows: Rows, *, window: int) -> Numbers:
    out: Numbers = []
    doubled = [high + low for high, low in zip(rows["high"], rows["low"], strict=True)]
    for both, high, low in zip(doubled, *_range(rows, window), strict=True):
        if high > low:
            z = (both - 2 * low) / (high - low) - 1
            z = min(FISHER_LIMIT, max(-FISHER_LIMIT, z))
            out.append(((1 + z) / (1 - z)).ln() / 2)
        else:
            out.append(NAN)
    return out
