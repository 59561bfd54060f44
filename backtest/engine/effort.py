"""About how long a run will keep one processor, from counts alone.

Measured on the machine of `benchmarks/results/engine.md` and rounded up: it only has to tell runs
that are done in a moment from those that are not. See: docs/reliability.md
"""

from backtest.plan import Draft
from backtest.policy import RunPolicy
from backtest.request import RunRequest
from backtest.timeline import count_bars, load_range
from backtest.types import MINUTE_MS, RankingMetric, SizingMode

BASE_S = 0.02
MINUTE_S = 1e-6
SCORE_S = 3e-10
EXACT_S = 3e-9
CELL_S = 8e-12
SLOW_CELL_S = 8e-11
REPORT_S = 3e-8
SAVED_VARIANTS = 100


def effort_s(request: RunRequest, draft: Draft, policy: RunPolicy) -> float:
    """Seconds of one processor.

    Args:
        request: What is asked.
        draft: Its grid.
        policy: Defaults where the request is silent.
    """
    template = draft.template
    warmup_bars = request.warmup_bars or policy.warmup_bars
    start_ms, stop_ms = load_range(request.time_range, template.timeframe, warmup_bars)
    _, n_bars = count_bars(
        request.time_range, template.timeframe, start_ms=start_ms, stop_ms=stop_ms
    )
    ranking = request.ranking or policy.ranking
    is_exact = ranking.primary is not RankingMetric.TOTAL_RETURN_PCT
    is_slow = template.sizing_mode is SizingMode.PROFIT_LOCK
    score_s = EXACT_S if is_exact else SCORE_S
    cell_s = EXACT_S if is_exact else SLOW_CELL_S if is_slow else CELL_S
    returned = min(draft.top_k, draft.n_cells)
    per_bar_s = draft.n_base * score_s + draft.n_cells * cell_s + returned * REPORT_S
    return BASE_S + (stop_ms - start_ms) / MINUTE_MS * MINUTE_S + n_bars * per_bar_s


def saved_effort_s(request: RunRequest, policy: RunPolicy) -> float:
    """Seconds of one processor for a strategy that is still to be read: few variants of minutes."""
    n_minutes = (request.time_range.end_ms - request.time_range.start_ms) / MINUTE_MS
    returned = min(request.top_k or policy.top_k, SAVED_VARIANTS)
    per_bar_s = SAVED_VARIANTS * SCORE_S + returned * REPORT_S
    return BASE_S + n_minutes * (MINUTE_S + per_bar_s)
