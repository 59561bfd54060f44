"""What the reader of a result should know before believing it.

One table: each row looks at a run and says a sentence, or nothing. A row that is added here is
added to the table in docs/answer.md too.

See: docs/answer.md
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backtest.axes import Scalar
from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.indicators.catalog import INDICATORS
from backtest.report.table import hides_a_thousandth, print_days
from backtest.result import RankedVariant, ResolvedGrid, RunResult, SameAxis
from backtest.types import DAY_MS, AnswerPart, ExitReason

FEW_DAYS = 90
FEW_TRADES = 30
FEW_VALUES = 3
MANY_MISSING_RATE = 0.01
SHORT_END_RATE = 0.1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Describe = Callable[[RunResult], str | None]


@dataclass(frozen=True, slots=True)
class Note:
    """One caveat: a code for programs, a sentence for people.

    See: docs/answer.md
    """

    code: str
    message: str


def notes_of(run: RunResult) -> tuple[Note, ...]:
    """The notes on a run, in the order of the table; the same for the same run.

    See: docs/answer.md
    """
    messages = ((code, describe(run)) for code, describe in NOTES.items())
    return tuple(Note(code, message) for code, message in messages if message is not None)


def _range_beyond_candles(run: RunResult) -> str | None:
    found = run.found
    intro = "No candle opens inside the range:"
    if found.last_ms is not None:
        intro = f"The candles end at {_minute(found.last_ms)}, before the end of the range:"
    if found.n_bars_after > 0:
        return f"{intro} {found.n_bars_after:,} of {run.target_bars:,} bars are made up"
    n_candles = run.settings.timeframe.ms // found.candle_ms
    if found.n_tail > SHORT_END_RATE * n_candles:
        return (
            f"{intro} the last bar is missing {found.n_tail:,} of its {n_candles:,} candles at its"
            " end"
        )
    if found.n_after > SHORT_END_RATE * found.n_expected:
        return (
            f"{intro} the range is missing {found.n_after:,} of its {found.n_expected:,} candles at"
            " its end, and no bar closes there"
        )
    return None


def _range_before_candles(run: RunResult) -> str | None:
    found = run.found
    # the bar that closes at the start needs candles from before the range: it alone says nothing
    if found.n_bars_absent == 0 or found.n_before == 0 or found.first_ms is None:
        return None
    return (
        f"The candles begin at {_minute(found.first_ms)}, after the start of the range: it is"
        f" missing the first {found.n_bars_absent:,} of its"
        f" {found.n_bars_absent + run.target_bars:,} bars"
    )


def _missing_candles(run: RunResult) -> str | None:
    found = run.found
    n_noted = found.n_after + (found.n_before if found.n_bars_absent else 0)
    n_inside, n_missing = found.n_expected - n_noted, found.n_missing - n_noted
    if n_missing <= MANY_MISSING_RATE * n_inside:
        return None
    n_filled = found.n_bars_filled - found.n_bars_after
    return (
        f"{n_missing:,} of {n_inside:,} candles are missing inside the range:"
        f" {n_filled:,} of {run.target_bars:,} bars are made up, and others are built from fewer"
        " candles"
    )


def _short_warmup(run: RunResult) -> str | None:
    if run.found.n_warmup_absent == 0:
        return None
    return (
        f"The range has only {run.found.n_warmup_bars:,} of its {run.settings.warmup_bars:,}"
        " warm-up bars: indicators may be undefined or not yet settled when it starts"
    )


def _few_days(run: RunResult) -> str | None:
    n_bars = run.target_bars - run.found.n_bars_after
    days = n_bars * run.settings.timeframe.ms / DAY_MS
    if days >= FEW_DAYS:
        return None
    plural = "" if days == 1 else "s"
    return f"Ratios are annualised from {print_days(days)} day{plural}, fewer than {FEW_DAYS}"


def _too_few_variants(run: RunResult) -> str | None:
    settings, n_rows = run.settings, len(run.variants)
    n_found = n_rows + sum(v.same_as.n_others for v in run.variants if v.same_as is not None)
    if not settings.min_trades or n_rows >= settings.top_k or n_found >= run.stage_b_variants:
        return None
    asked = f"{settings.top_k:,} requested variants"
    if settings.distinct or run.stage_b_variants < settings.top_k:
        asked = _counted(run.stage_b_variants, "variant")
    return (
        f"Only {n_found:,} of the {asked} made at least"
        f" {_counted(settings.min_trades, 'trade')} (min_trades)"
    )


def _few_trades(run: RunResult) -> str | None:
    n_trades = run.variants[0].replay.n_trades if run.variants else FEW_TRADES
    if n_trades >= FEW_TRADES:
        return None
    return f"The best variant made {_counted(n_trades, 'trade')}, fewer than {FEW_TRADES}"


def _on_at_start(run: RunResult) -> str | None:
    if not run.is_on_at_start:
        return None
    return (
        "The best variant's first signal was already active before the range: its first trade"
        " enters at the first close, not where the signal began"
    )


def _edge_of_grid(run: RunResult) -> str | None:
    edges = [edge for best in run.variants[:1] for edge in _edges(best, run.grid)]
    if not edges:
        return None
    return f"The best variant sits on an edge of the grid: {', '.join(edges)}"


def _preselected(run: RunResult) -> str | None:
    grid = run.grid
    kinds = {"stop-loss": grid.sl_pct, "take-profit": grid.tp_pct}
    met = [kind for kind, values in kinds.items() if values is not None]
    n_cells = len(grid.sl_pct or (None,)) * len(grid.tp_pct or (None,))
    n_kept = run.stage_b_variants // n_cells
    if not met or n_kept == run.stage_a_variants:
        return None
    were, them = "Stop-loss and take-profit were", "them"
    if len(met) == 1:
        were, them = f"The {met[0]} was", "it"
    return (
        f"{were} tried on only {n_kept:,} of {run.stage_a_variants:,} variants:"
        f" the best without {them} (preselect)"
    )


def _holding_did_better(run: RunResult) -> str | None:
    best = run.variants[0].total_return_pct if run.variants else run.holding_return_pct
    if best >= run.holding_return_pct:
        return None
    return (
        f"Holding from the first close to the last returned {run.holding_return_pct:.2f} %,"
        f" the best variant {best:.2f} %"
    )


def _no_costs(run: RunResult) -> str | None:
    execution = run.settings.execution
    if execution.fee_pct or execution.slippage_pct:
        return None
    return "Fills cost nothing here: fee and slippage are 0"


def _no_landscape(run: RunResult) -> str | None:
    if run.parts.get(AnswerPart.LANDSCAPE, run) is not None:
        return None
    return (
        f"The range has {run.target_bars:,} bars, and a map of the grid needs at least {N_BLOCKS}:"
        " choose a longer range or a shorter timeframe"
    )


def _rounded_money(run: RunResult) -> str | None:
    cash = run.settings.execution.init_cash_quote
    profits = (cash * (variant.total_return_pct / 100.0) for variant in run.variants)
    n_rounded = sum(hides_a_thousandth(profit, cash) for profit in profits)
    if n_rounded == 0:
        return None
    return (
        f"The report rows round the total profit of {_counted(n_rounded, 'variant')} by more than"
        " 0.1 %; metrics has the exact values"
    )


NOTES: Mapping[str, Describe] = {
    "range_beyond_candles": _range_beyond_candles,
    "range_before_candles": _range_before_candles,
    "missing_candles": _missing_candles,
    "short_warmup": _short_warmup,
    "few_days": _few_days,
    "too_few_variants": _too_few_variants,
    "few_trades": _few_trades,
    "on_at_start": _on_at_start,
    "edge_of_grid": _edge_of_grid,
    "preselected": _preselected,
    "holding_did_better": _holding_did_better,
    "no_costs": _no_costs,
    "rounded_money": _rounded_money,
    "no_landscape": _no_landscape,
}


def _edges(best: RankedVariant, grid: ResolvedGrid) -> Iterator[str]:
    """The axes at whose end a variant lies, where a value beyond it would be allowed.

    Not those on which it stands for a variant inside, nor a stop so far off that none is reached.
    """
    same = {} if best.same_as is None else {(a.indicator_id, a.name): a for a in best.same_as.axes}
    for selection in best.selections:
        row = INDICATORS[selection.indicator_id]
        inert = {param.name for param in row.params if not param.affects_primary}
        params = (*row.params, *(row.rule.params if row.rule is not None else ()))
        bounds = {param.name: (param.hard_min, param.hard_max) for param in params}
        axes = {**grid.indicators[row.id], **grid.signals.get(row.id, {})}
        chosen = {**selection.params, **best.signals.get(row.id, {})}
        for name, value in chosen.items():
            if name not in inert:
                alike = same.get((row.id, name))
                yield from _edge(f"{name} of {row.id}", value, axes[name], bounds[name], alike)
    risk = best.risk
    for word, name, percent, axis, reason in (
        ("stop-loss", "sl_pct", risk.sl_pct, grid.sl_pct, ExitReason.SL),
        ("take-profit", "tp_pct", risk.tp_pct, grid.tp_pct, ExitReason.TP),
    ):
        if percent is not None and axis is not None:
            farthest = float("inf") if reason in best.replay.exits else max(axis)
            yield from _edge(word, percent, axis, (0.0, farthest), same.get((None, name)))


def _edge(
    name: str,
    chosen: Scalar,
    axis: tuple[Scalar, ...],
    bounds: tuple[float, float],
    alike: SameAxis | None,
) -> Iterator[str]:
    """One with two values has nothing but ends, and beyond a hard bound there is nothing."""
    values = [value for value in axis if not isinstance(value, str)]
    if len(values) < FEW_VALUES or chosen in bounds:
        return
    ends = {min(values): "smallest", max(values): "largest"}
    if chosen in ends and (alike is None or set(alike.values) <= set(ends)):
        yield f"your {ends[chosen]} {name} ({chosen:g})"


def _minute(moment_ms: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=moment_ms)
    return moment.replace(tzinfo=None).isoformat(timespec="minutes")


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
