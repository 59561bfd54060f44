"""How much memory a run will hold at its peak, from counts alone.

The parts are the arrays that the engine really makes; see docs/memory.md for how the estimate is
checked against measured peaks.
"""

import math

from backtest.engine.bitops import words_for
from backtest.engine.combos import FAST_BLOCK_BYTES
from backtest.engine.items import N_METRICS
from backtest.engine.risk_plane import TABLE_BYTES
from backtest.engine.trades import N_INT_COLUMNS, N_MONEY_COLUMNS
from backtest.grid import IndicatorAxes
from backtest.indicators.series import SHARED_BYTES
from backtest.plan import Plan
from backtest.types import RankingMetric

NUMBER = 8
CANDLE_SERIES = 14
BASE_COLUMNS = 4
CELL_COLUMNS = 4
SCRATCH_SERIES = 6
REPORT_BYTES = 6_000
LEG_BYTES = 16
TRADE_BYTES = 500
BARS_PER_TRADE = 20


def estimate_bytes(plan: Plan, n_loaded: int, n_target: int, threads: int) -> int:
    """Peak memory of a run in bytes.

    Args:
        plan: The plan.
        n_loaded: Bars that will be loaded, warm-up included.
        n_target: Bars of the target slice.
        threads: Threads that compute at once.
    """
    grid, settings = plan.grid, plan.settings
    row_bytes = 2 * NUMBER * words_for(n_target)
    rows = sorted(_rows(entry) for entry in grid.indicators)
    slow, fast = rows[:-1], rows[-1]
    candles = CANDLE_SERIES * NUMBER * (n_loaded + n_target)
    # a block is still held while the next one is made
    bit_rows = sum(slow) * row_bytes + min(fast * row_bytes, 2 * FAST_BLOCK_BYTES)
    remembered = NUMBER * n_loaded * sum(_remembered(entry) for entry in grid.indicators)
    shared = min(threads * SHARED_BYTES, remembered)
    scores = NUMBER * (math.prod(rows) + BASE_COLUMNS * grid.n_base)
    if settings.ranking.primary is not RankingMetric.TOTAL_RETURN_PCT:
        scores += NUMBER * N_METRICS * (grid.n_base + plan.n_risk_variants)
    levels = len(grid.sl_pct or ()) + len(grid.tp_pct or ())
    tables = min(TABLE_BYTES, 2 * 4 * n_target * levels)
    cells = NUMBER * CELL_COLUMNS * plan.n_risk_variants if levels else 0
    n_trades = n_target // BARS_PER_TRADE
    # a log has room for a trade on every bar, of which only the rows in use become memory
    log = (N_INT_COLUMNS + N_MONEY_COLUMNS) * n_trades
    scratch = threads * NUMBER * (n_target * SCRATCH_SERIES + log)
    returned = min(settings.top_k, plan.n_risk_variants)
    told = min(settings.top_trades_n, returned) * n_trades
    answer = returned * (REPORT_BYTES + row_bytes + LEG_BYTES * n_trades) + told * TRADE_BYTES
    return candles + bit_rows + shared + scores + tables + cells + scratch + answer


def _rows(entry: IndicatorAxes) -> int:
    """Distinct bit rows of an indicator."""
    effective = entry.indicator.primary_axes
    settings = math.prod(len(values) for name, values in entry.axes if name in effective)
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
