"""How much memory a run will hold at its peak, from counts alone.

The parts are the arrays that the engine really makes. `benchmarks/memory.py` holds the estimate
against measured peaks of many shapes of runs (`benchmarks/results/memory.md`). A constant that is
off shows there.

See: docs/memory.md
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from backtest.control import Control
from backtest.engine.bits.bitops import words_for
from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.engine.money.trades import N_INT_COLUMNS, N_MONEY_COLUMNS
from backtest.engine.pipeline.ranking import metrics_of
from backtest.engine.pipeline.recorder import CELLS_PER_CHUNK
from backtest.engine.pipeline.risk_plane import TABLE_BYTES
from backtest.engine.pipeline.slabs import SLAB_COMBOS
from backtest.engine.pipeline.stages import MEASURED_AT_ONCE
from backtest.engine.scoring.pair_marks import GROUP
from backtest.engine.scoring.running_totals import LANES
from backtest.engine.scoring.score_pairs import MOST_SLOW
from backtest.engine.signal_rows.combos import FAST_BLOCK_BYTES
from backtest.grid import IndicatorAxes
from backtest.indicators.series import SHARED_BYTES
from backtest.plan import Plan
from backtest.policy import RunPolicy, Want
from backtest.types import AnswerPart, IntArray, RankingMetric

# Bytes of a float64, an int64, or a word of bits.
NUMBER = 8

# A series is 8 bytes a bar. 6 of `Bars`; of the target slice 2 of `Prices` with 8 for `windows` and
# 2.2 for `blocks`, and 1 of first passages never reached.
BARS_SERIES, TARGET_SERIES = 6, 13.2
# While signals are made and variants scored: 3 mean prices of `Series`, 7 of counts in ticks. Free
# afterwards, they stay with the thread that made them: the allocator gives others none of it.
PRICE_SERIES = 10
# While a thread makes bit rows: an output, and about as much for its float32 copy and its masks.
SIGNAL_SERIES = 2
# While a thread measures drawdowns it keeps 7 numbers of each trade, beside 3 of `Segments`; rows
# that no trade uses do not become memory.
EXACT_SERIES = 10
# While a thread scores planes: 3 of `Segments`, the segments that vary and what lies before them.
STAGE_B_SERIES = 5
# While a thread reports: equity, drawdown and invested quote, and the days of bars.
REPORT_SERIES = 4.2
# While signals of a variant are told: prices and counts anew, an output and what is read of it.
SHOWN_SIGNAL_SERIES = 15
# Of each combo of a slab: its score, and a copy where it is cut or its place in the slab.
SLAB_COLUMNS = 2
# Of each candidate: its number, its columns, their order, before and after merging. Not derived.
CANDIDATE_COLUMNS = 12
# Beyond those that are wanted, of which nothing is said.
FEW_TIES = 1 << 12
# While signals are counted: rows, places, counts.
BATCH_COLUMNS = 8
# While metrics are made: 10 of them, two levels, a place and rows; of chosen cells they are copied.
SLAB_MEASURED_COLUMNS, MEASURED_COLUMNS = 16, 30
# While ties are put in order: 10 metrics of each combo, and of each base variant.
TIED_COLUMNS = 20
# For a cell of a shortlisted variant: its score, its score by base variant, and its place in order.
CELL_COLUMNS = 3
# Where results are distinct: the number of its trades, by base variant too, and two orders of them.
DISTINCT_COLUMNS = 4

# What the allocator keeps for a thread. Not derived: it is what the measured peaks had left over.
HEAP_BYTES = 2 << 20
# Of a report as Python objects: its rows, table and metrics, and the models that are written.
REPORT_BYTES, MODEL_BYTES = 9_000, 20_000
# Four int32 of a trade that a replay keeps.
LEG_BYTES = 16
# Trades are not known before the run. This is how often the two averages of the benchmarks trade,
# some 2 000 times in a year of 15-minute bars; when the winners are known, so are their trades.
BARS_PER_TRADE = 18
# An int32 for each block, and whether the account was ruined.
GROWTH_BYTES = 4 * N_BLOCKS + 1
# What the evidence makes of each trial: sums, lots and statistics, against cash and holding.
EVIDENCE_BYTES = 118
# Of each base variant, where they are described beside the trials: three numbers and a lot.
DESCRIBED_BYTES = 32
# Of each variant on the map: its return, its place in order and on each axis, and what is sorted.
LANDSCAPE_BYTES = 80
# What is left of that when it is made.
MAPPED_BYTES = 22
# Text of a variant without its report.
BARE_VARIANT_BYTES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeCounts:
    """Trades of the returned variants: `longest` of one, of `all`, and of those that list them.

    See: docs/memory.md
    """

    longest: int
    all: int
    listed: int

    @classmethod
    def guessed(cls, plan: Plan, n_target: int) -> "TradeCounts":
        """What is likely before anything was ranked."""
        settings, n_trades = plan.settings, n_target // BARS_PER_TRADE
        returned = min(settings.top_k, plan.n_risk_variants)
        n_listing = min(settings.top_trades_n, returned)
        return cls(longest=n_trades, all=returned * n_trades, listed=n_listing * n_trades)

    @classmethod
    def of(cls, plan: Plan, n_trades: IntArray) -> "TradeCounts":
        """What is known of the returned variants, best first; shape (n_variants,)."""
        return cls(
            longest=int(n_trades.max(initial=0)),
            all=int(n_trades.sum()),
            listed=int(n_trades[: plan.settings.top_trades_n].sum()),
        )


NO_TRADES = TradeCounts(longest=0, all=0, listed=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LedgerBytes:
    """A ledger while variants are `scored`, while all trials are `gathered`, and what is `kept`.

    Pages of Stage B's rows become memory when they are written; by then those that were scored
    are free again.
    """

    scored: int
    gathered: int
    kept: int


NO_LEDGER = _LedgerBytes(scored=0, gathered=0, kept=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """A plan with the counts that follow from its range and its machine."""

    plan: Plan
    n_loaded: int
    n_target: int
    threads: int
    trades: TradeCounts

    @property
    def n_returned(self) -> int:
        return min(self.plan.settings.top_k, self.plan.n_risk_variants)

    @property
    def row_bytes(self) -> int:
        return 2 * NUMBER * words_for(self.n_target)

    @property
    def n_levels(self) -> int:
        grid = self.plan.grid
        return len(grid.sl_pct or ()) + len(grid.tp_pct or ())

    @property
    def table_bytes(self) -> int:
        return min(TABLE_BYTES, 2 * 4 * self.n_target * self.n_levels)


def estimate_bytes(
    plan: Plan,
    n_loaded: int,
    n_target: int,
    policy: RunPolicy,
    want: Want,
    trades: TradeCounts | None = None,
) -> int:
    """Peak memory of a run in bytes: what every stage holds, and the most that one of them adds.

    Args:
        plan: The plan.
        n_loaded: Bars that will be loaded, warm-up included.
        n_target: Bars of the target slice.
        policy: How many threads compute at once, and how large an answer may be.
        want: What the answer is made of.
        trades: How often the returned variants trade; guessed while it is not known.

    See: docs/memory.md
    """
    return max(_while_ranked_and_reported(plan, n_loaded, n_target, policy, want, trades))


def ranking_bytes(plan: Plan, n_loaded: int, n_target: int, policy: RunPolicy, want: Want) -> int:
    """What of `estimate_bytes` is held until the winners are known.

    See: docs/memory.md
    """
    return _while_ranked_and_reported(plan, n_loaded, n_target, policy, want, None)[0]


def _while_ranked_and_reported(
    plan: Plan,
    n_loaded: int,
    n_target: int,
    policy: RunPolicy,
    want: Want,
    trades: TradeCounts | None,
) -> tuple[int, int]:
    """The most that a run holds until its winners are known, and while they are told."""
    load = _Load(
        plan=plan,
        n_loaded=n_loaded,
        n_target=n_target,
        threads=policy.threads,
        trades=trades or TradeCounts.guessed(plan, n_target),
    )
    signals = want.signal_bytes * load.n_returned
    text = min(answer_bytes(plan, want, load.trades) + signals, policy.answer_max_bytes)
    series = (BARS_SERIES + PRICE_SERIES) * n_loaded + TARGET_SERIES * n_target
    always = load.threads * HEAP_BYTES + round(NUMBER * series)
    ledger = _ledger_bytes(load) if want.ledger else NO_LEDGER
    stages = max(_stage_a(load), _stage_b(load)) + ledger.scored
    reporting = _winner_bytes(load) + ledger.kept + _beside(load, want.parts)
    written = round(text * want.held_per_byte) + MODEL_BYTES * load.n_returned
    if want.signal_bytes:
        written += NUMBER * SHOWN_SIGNAL_SERIES * n_loaded
    ranking = _row_bytes(load) + max(stages, ledger.gathered)
    return always + ranking, always + reporting + max(_report(load), written)


def claim_ties(control: Control, n_members: int, n_best: int) -> None:
    """Claim what it takes to order members of which many more are equal, or nearly, than wanted.

    How many that are is not known before they are scored, and may be all there are.

    See: docs/memory.md
    """
    n_more = n_members - n_best
    if n_more > FEW_TIES:
        n_measured = min(n_more, MEASURED_AT_ONCE)
        columns = CANDIDATE_COLUMNS * n_more + TIED_COLUMNS * n_measured
        control.claim_beside(NUMBER * columns)


def answer_bytes(plan: Plan, want: Want, trades: TradeCounts) -> int:
    """Text of an answer, within a few percent.

    See: docs/memory.md
    """
    returned = min(plan.settings.top_k, plan.n_risk_variants)
    if not has_reports(plan, want):
        return returned * min(want.variant_bytes, BARE_VARIANT_BYTES)
    listed = trades.listed if want.trades else 0
    return returned * want.variant_bytes + listed * want.trade_bytes


def has_reports(plan: Plan, want: Want) -> bool:
    """Whether the returned variants are told with their reports.

    See: docs/memory.md
    """
    return want.reports and (want.is_explicit or plan.settings.eager_reports)


def _row_bytes(load: _Load) -> int:
    """Bit rows, and the series that variants share while rows are made."""
    indicators = load.plan.grid.indicators
    rows = sorted(_rows(entry) for entry in indicators)
    slow, fast = rows[:-1], rows[-1]
    # a block is still held while the next one is made
    bits = sum(slow) * load.row_bytes + min(fast * load.row_bytes, 2 * FAST_BLOCK_BYTES)
    remembered = NUMBER * load.n_loaded * sum(_remembered(entry) for entry in indicators)
    return bits + min(load.threads * SHARED_BYTES, remembered)


def _stage_a(load: _Load) -> int:
    """Columns of one slab, however many variants there are, and of the candidates.

    Scores and their cut are two columns. Exact ones come from metrics of some variants at a time,
    and where the drawdown is looked at roughly first, its bounds and their order are there too.
    """
    plan = load.plan
    ranking = plan.settings.ranking
    n_combos = math.prod(_rows(entry) for entry in plan.grid.indicators)
    n_slab, n_alike = min(SLAB_COMBOS, n_combos), plan.grid.n_base // n_combos
    columns = SLAB_COLUMNS * n_slab + CANDIDATE_COLUMNS * max(plan.n_kept, n_alike)
    scratch = SIGNAL_SERIES * load.n_loaded
    if plan.settings.min_trades:
        columns += n_slab + BATCH_COLUMNS * min(n_slab, MEASURED_AT_ONCE)
    if _is_exact(load):
        is_rough = RankingMetric.MAX_DRAWDOWN_PCT in metrics_of(ranking)
        columns += (len(metrics_of(ranking)) - 1 + is_rough) * n_slab
        columns += SLAB_MEASURED_COLUMNS * min(n_slab, MEASURED_AT_ONCE)
        scratch += EXACT_SERIES * load.n_target // BARS_PER_TRADE
    return NUMBER * (columns + load.threads * scratch)


def _is_exact(load: _Load) -> bool:
    """Whether exact numbers rank."""
    return load.plan.settings.ranking.primary is not RankingMetric.TOTAL_RETURN_PCT


def _stage_b(load: _Load) -> int:
    """The risk plane's tables and scores, where there is a plane."""
    plan = load.plan
    if not load.n_levels and not plan.settings.distinct:
        return 0
    cells = CELL_COLUMNS + DISTINCT_COLUMNS * plan.settings.distinct
    columns = cells * plan.n_risk_variants
    if _is_exact(load):
        columns += MEASURED_COLUMNS * min(plan.n_risk_variants, MEASURED_AT_ONCE)
    scratch = load.threads * STAGE_B_SERIES * load.n_target
    return load.table_bytes + NUMBER * (columns + scratch)


def _looking_up(load: _Load, n_combos: int) -> int:
    """Ledgers of the chunks of pairs that are looked up at once (`Ledgers`)."""
    n_signals = min(MOST_SLOW, n_combos // max(_rows(entry) for entry in load.plan.grid.indicators))
    n_chunks = min(load.threads, -(-n_combos // (n_signals * LANES)))
    # growth of each block and since the start, and two numbers
    per_pair = GROWTH_BYTES + 4 * N_BLOCKS + 2 * NUMBER
    of_marks = NUMBER * N_BLOCKS * (3 * n_signals + GROUP * LANES)
    return n_chunks * (n_signals * LANES * per_pair + of_marks)


def _ledger_bytes(load: _Load) -> _LedgerBytes:
    plan = load.plan
    if load.n_target < N_BLOCKS:
        return NO_LEDGER
    n_combos = math.prod(_rows(entry) for entry in plan.grid.indicators)
    fast = max(_rows(entry) for entry in plan.grid.indicators) * load.row_bytes
    # cut words are at most one more for each block
    cut = min(fast, FAST_BLOCK_BYTES) + 2 * NUMBER * N_BLOCKS
    scored = GROWTH_BYTES * n_combos
    of_bases = (GROWTH_BYTES + NUMBER) * plan.grid.n_base
    combo_of_base = NUMBER * plan.grid.n_base
    of_cells = GROWTH_BYTES * plan.n_risk_variants if load.n_levels else 0
    growing = GROWTH_BYTES * min(load.threads * CELLS_PER_CHUNK, plan.n_risk_variants)
    return _LedgerBytes(
        scored=scored + cut + _looking_up(load, n_combos),
        gathered=of_bases + combo_of_base + max(scored, of_cells + (growing if of_cells else 0)),
        kept=of_bases + of_cells,
    )


def _beside(load: _Load, parts: Collection[AnswerPart]) -> int:
    """What evidence and map take beside the ledger, while they are made."""
    plan = load.plan
    if load.n_target < N_BLOCKS:
        return 0
    n_base, n_cells = plan.grid.n_base, plan.n_risk_variants if load.n_levels else 0
    n_trials = n_base + n_cells - (plan.n_shortlist if n_cells else 0)
    larger, smaller = max(n_base, n_cells), min(n_base, n_cells)
    evidence = EVIDENCE_BYTES * n_trials + (DESCRIBED_BYTES * n_base if n_cells else 0)
    landscape = LANDSCAPE_BYTES * larger + MAPPED_BYTES * smaller
    return max(
        evidence if AnswerPart.EVIDENCE in parts else 0,
        landscape if AnswerPart.LANDSCAPE in parts else 0,
    )


def _winner_bytes(load: _Load) -> int:
    """Winners with their reports, the legs of all trades and the money of listed ones."""
    trades = load.trades
    listed = N_MONEY_COLUMNS * NUMBER * trades.listed
    return REPORT_BYTES * load.n_returned + LEG_BYTES * trades.all + listed


def _report(load: _Load) -> int:
    """What winners are told from: their rows, the tables of the plane, and threads at work.

    A log has a row for each trade. While one thread has the longest, others have one as usual.
    """
    n_logged = load.trades.longest + (load.threads - 1) * load.trades.all // load.n_returned
    log = (N_INT_COLUMNS + N_MONEY_COLUMNS) * n_logged
    scratch = NUMBER * (REPORT_SERIES * load.threads * load.n_target + log)
    return load.table_bytes + load.n_returned * load.row_bytes + round(scratch)


def _rows(entry: IndicatorAxes) -> int:
    """Distinct bit rows of an indicator."""
    effective = set(entry.indicator.primary_axes)
    live = (column for column in entry.columns if effective.issuperset(column.names))
    settings = math.prod(map(len, live))
    return settings * entry.n_signals


def _remembered(entry: IndicatorAxes) -> int:
    """Series that variants of an indicator leave behind for each other.

    About two for every setting of the axes of the inner part, and one for every value of the other
    axes, whose parts are shared too; an indicator without an inner part leaves none.
    """
    effective = entry.indicator.primary_axes
    inner = [name for name in entry.indicator.inner if name in effective]
    if not inner:
        return 0
    lengths = {name: len(values) for name, values in entry.axes if name in effective}
    others = sum(length for name, length in lengths.items() if name not in inner)
    return 2 * math.prod(lengths[name] for name in inner) + others
