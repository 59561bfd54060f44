"""About how long a run will keep one processor, from counts alone.

Measured on the machine of `benchmarks/results/engine.md` and rounded up: it only has to tell runs
that are done in a moment from those that are not. See: docs/reliability.md
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.plan import Draft
from backtest.policy import RunPolicy
from backtest.request import RunRequest
from backtest.timeline import count_bars, load_range
from backtest.types import MINUTE_MS, AnswerPart, RankingMetric, SizingMode

BASE_S = 0.02
MINUTE_S = 7e-7
SCORE_S = 3e-10
EXACT_S = 3e-9
CELL_S = 8e-12
SLOW_CELL_S = 8e-11
REPORT_S = 3e-8
SAVED_VARIANTS = 100
# For each bar of a variant with its trades in the answer: 10 us to write and compress a trade, and
# averages of a few bars trade every third bar.
LISTED_S = 1e-5 / 3

# A ledger costs a tenth of the scoring, and its 64 logarithms for each variant that is scored.
LEDGER_SHARE = 0.1
LEDGER_S = 2e-6
# 1 000 resamples and 12 870 splits, by themselves and for each trial.
EVIDENCE_BASE_S = 0.1
EVIDENCE_S = 1.2e-5
# Sorting each variant's return by the values of each axis.
LANDSCAPE_S = 1e-6
# For each bar that was loaded, and for each bar of each returned variant.
RECEIPT_S = 5e-8
INTRABAR_S = 1.2e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """What the time of a run follows from."""

    draft: Draft
    n_minutes: float
    n_loaded: int
    n_target: int
    score_s: float
    cell_s: float

    @property
    def scoring_s(self) -> float:
        draft = self.draft
        return self.n_target * (draft.n_base * self.score_s + draft.n_cells * self.cell_s)

    @property
    def returned(self) -> int:
        return min(self.draft.top_k, self.draft.n_cells)

    @property
    def neighbours_s(self) -> float:
        """Two for each axis of a returned variant; without a risk plane Stage A has them."""
        draft = self.draft
        if draft.stops is None and draft.profits is None:
            return 0.0
        n_axes = sum(len(one.axes) + len(one.signal_axes) for one in draft.axes)
        return self.returned * 2 * n_axes * self.n_target * EXACT_S

    @property
    def n_trials(self) -> int:
        """Base variants that Stage B does not take up, and its cells."""
        return self.draft.n_base - self.draft.n_shortlist + self.draft.n_cells


def effort_s(request: RunRequest, draft: Draft, policy: RunPolicy) -> float:
    """Seconds of one processor, with the parts that the request includes.

    Args:
        request: What is asked.
        draft: Its grid.
        policy: Defaults where the request is silent.

    See: docs/reliability.md#a-place-for-a-run
    """
    load = _load_of(request, draft, policy)
    reports_s = load.n_target * load.returned * REPORT_S
    wanted = policy.top_trades_n if request.top_trades_n is None else request.top_trades_n
    listed_s = load.n_target * min(wanted, load.returned) * LISTED_S
    alone_s = BASE_S + load.n_minutes * MINUTE_S + load.scoring_s + reports_s + listed_s
    return alone_s + _parts_s(load, request.parts)


def part_effort_s(request: RunRequest, draft: Draft, policy: RunPolicy, part: AnswerPart) -> float:
    """Seconds of one processor that a part adds to a run that includes nothing else.

    Args:
        request: What is asked.
        draft: Its grid.
        policy: Defaults where the request is silent.
        part: The part.

    See: docs/evidence.md#what-it-costs
    """
    return _parts_s(_load_of(request, draft, policy), [part])


def _load_of(request: RunRequest, draft: Draft, policy: RunPolicy) -> _Load:
    template = draft.template
    warmup_bars = request.warmup_bars or policy.warmup_bars
    start_ms, stop_ms = load_range(request.time_range, template.timeframe, warmup_bars)
    n_loaded, n_target = count_bars(
        request.time_range, template.timeframe, start_ms=start_ms, stop_ms=stop_ms
    )
    ranking = request.ranking or policy.ranking
    is_exact = ranking.primary is not RankingMetric.TOTAL_RETURN_PCT
    is_slow = template.sizing_mode is SizingMode.PROFIT_LOCK
    return _Load(
        draft=draft,
        n_minutes=(stop_ms - start_ms) / MINUTE_MS,
        n_loaded=n_loaded,
        n_target=n_target,
        score_s=EXACT_S if is_exact else SCORE_S,
        cell_s=EXACT_S if is_exact else SLOW_CELL_S if is_slow else CELL_S,
    )


def _parts_s(load: _Load, parts: Collection[AnswerPart]) -> float:
    """What parts add together: they share one ledger, which too few bars do not have."""
    n_variants = load.draft.n_base + load.draft.n_cells
    ledger_s = LEDGER_SHARE * load.scoring_s + n_variants * LEDGER_S
    seconds = {
        AnswerPart.EVIDENCE: EVIDENCE_BASE_S + load.n_trials * EVIDENCE_S,
        AnswerPart.LANDSCAPE: n_variants * LANDSCAPE_S + load.neighbours_s,
        AnswerPart.RECEIPT: load.n_loaded * RECEIPT_S,
        AnswerPart.INTRABAR: load.returned * load.n_target * INTRABAR_S,
    }
    of_ledger = {AnswerPart.EVIDENCE, AnswerPart.LANDSCAPE}
    wanted = set(parts) if load.n_target >= N_BLOCKS else set(parts) - of_ledger
    # exactly rounded: a set has no order
    return math.fsum(seconds[part] for part in wanted) + (ledger_s if wanted & of_ledger else 0.0)


def saved_effort_s(request: RunRequest, policy: RunPolicy) -> float:
    """Seconds of one processor for a run of a saved strategy, which has not been read yet.

    Its range is known and its grid is not: `SAVED_VARIANTS` variants on 1-minute bars are assumed.

    See: docs/reliability.md#a-place-for-a-run
    """
    n_minutes = (request.time_range.end_ms - request.time_range.start_ms) / MINUTE_MS
    returned = min(request.top_k or policy.top_k, SAVED_VARIANTS)
    per_bar_s = SAVED_VARIANTS * SCORE_S + returned * REPORT_S
    return BASE_S + n_minutes * (MINUTE_S + per_bar_s)
