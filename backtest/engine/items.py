"""Kernels over lists of chosen variants: exact metrics, and planes of a shortlist.

An item names one row of every indicator; the fast indicator's rows come apart because they may be
produced in blocks.
"""

# An element of an array is typed as if it could be an array itself.
# pyright: reportArgumentType=false
import numpy as np

from backtest.engine.account import BUDGET_CAP, INIT_CASH, LOCK_RATE, positive_part
from backtest.engine.combine import combine
from backtest.engine.drawdown import after_bar, after_position
from backtest.engine.passage import PassageArray
from backtest.engine.plane import region_plane, stepwise_plane
from backtest.engine.segments import find_segments
from backtest.engine.trades import book, exit_of, locked_profit, settle
from backtest.jit import inline, kernel
from backtest.types import FloatArray, IntArray, WordArray

RETURN_PCT, DRAWDOWN, WINS, LOSSES, N_TRADES = range(5)
N_METRICS = 5


@inline
def _item_words(
    rows: WordArray,
    row_ids: IntArray,
    side_masks: WordArray,
    fast_row: WordArray,
    words: WordArray,
) -> None:
    """The combined bit rows of one item."""
    combine(rows, row_ids, side_masks, words)
    for side in range(2):
        for w in range(words.shape[1]):
            words[side, w] &= fast_row[side, w]


@kernel(
    "void(uint64[:, :, ::1], int64[:, ::1], uint64[::1], uint64[:, :, ::1], int64[::1],"
    " float64[::1], float64[:, :, ::1], float64[:, :, ::1], float64[::1], int32[:, :, ::1],"
    " int32[:, :, ::1], int64[::1], int64[::1], boolean, uint64[:, ::1], int64[:, ::1],"
    " float64[:, ::1])"
)
def score_exactly(
    rows: WordArray,
    item_rows: IntArray,
    side_masks: WordArray,
    fast_rows: WordArray,
    item_fast: IntArray,
    close: FloatArray,
    windows: FloatArray,
    blocks: FloatArray,
    terms: FloatArray,
    stops: PassageArray,
    profits: PassageArray,
    stop_levels: IntArray,
    profit_levels: IntArray,
    with_drawdown: bool,
    words: WordArray,
    segments: IntArray,
    out: FloatArray,
) -> None:
    """Metrics of chosen variants, exact to the bit of their trade logs.

    Args:
        rows: Bit rows of the slow indicators, shape (n_rows, 2, n_words).
        item_rows: Shape (n_items, n_slow): rows of each item.
        side_masks: Shape (2,), see `combine`.
        fast_rows: Shape (n_fast, 2, n_words); `item_fast`, shape (n_items,), points into it.
        item_fast: See `fast_rows`.
        close: Shape (n_bars,), the target slice; `windows` and `blocks` its `range_tables`.
        windows: See `close`.
        blocks: See `close`.
        terms: The account's terms.
        stops: `passage_tables`; `stop_levels`, shape (n_items,), the column of each item.
        profits: The same for take-profit, with `profit_levels`.
        stop_levels: See `stops`.
        profit_levels: See `profits`.
        with_drawdown: Whether the drawdown is wanted; it is NaN otherwise.
        words: Scratch, shape (2, n_words); `segments` (3, n_bars + 1).
        segments: See `words`.
        out: Out, shape (n_items, 5): return %, drawdown fraction, net wins, net losses, trades.
    """
    n_bars = close.shape[0]
    for m in range(item_rows.shape[0]):
        _item_words(rows, item_rows[m], side_masks, fast_rows[item_fast[m]], words)
        n_segments = find_segments(
            words[0], words[1], n_bars, segments[0], segments[1], segments[2]
        )
        _tally(
            close, windows, blocks, terms, segments[0], segments[1], segments[2], n_segments,
            stops, profits, stop_levels[m], profit_levels[m], with_drawdown, out[m],
        )  # fmt: skip


@inline
def _tally(
    close: FloatArray,
    windows: FloatArray,
    blocks: FloatArray,
    terms: FloatArray,
    entries: IntArray,
    exits: IntArray,
    sides: IntArray,
    n_segments: int,
    stops: PassageArray,
    profits: PassageArray,
    stop_level: int,
    profit_level: int,
    with_drawdown: bool,
    out: FloatArray,
) -> None:
    """Metrics of one variant by the steps of `replay`, without keeping a log."""
    n_bars = close.shape[0]
    available = terms[INIT_CASH]
    safe = wins = losses = worst = 0.0
    peak = -np.inf
    n = next_bar = 0
    for k in range(n_segments):
        quote = min(available, terms[BUDGET_CAP])
        if not quote > 0.0:
            continue
        i, side = entries[k], sides[k]
        stop, profit = stops[side - 1, i, stop_level], profits[side - 1, i, profit_level]
        j, _ = exit_of(exits[k], stop, profit, n_bars)
        _, _, qty, _, entry_fee, exit_fee, gross, net = settle(
            quote,
            close[i],
            close[j],
            side,
            terms,
        )
        if with_drawdown:
            if next_bar < i:
                worst, peak = after_bar(worst, peak, available + safe)
            cash = available - (quote + entry_fee) + safe
            worst, peak = after_position(
                close, windows, blocks, i, j, side, cash, quote, qty, worst, peak
            )
            next_bar = j
        locked = locked_profit(net, terms)
        available, safe = book(available, safe, quote, entry_fee, gross, exit_fee, locked)
        wins += positive_part(net)
        losses += positive_part(-net)
        n += 1
    if next_bar < n_bars:
        worst, peak = after_bar(worst, peak, available + safe)
    out[RETURN_PCT] = 0.0 if n == 0 else ((available + safe) / terms[INIT_CASH] - 1.0) * 100.0
    out[DRAWDOWN] = worst if with_drawdown else np.nan
    out[WINS], out[LOSSES], out[N_TRADES] = wins, losses, n


@kernel(
    "void(uint64[:, :, ::1], int64[:, ::1], uint64[::1], uint64[:, :, ::1], int64[::1],"
    " float64[::1], float64[::1], float64[:, ::1], float64[::1], int32[:, :, ::1],"
    " int32[:, :, ::1], uint64[:, ::1], int64[:, ::1], float64[:, :, ::1], float64[:, :, ::1])"
)
def score_planes(
    rows: WordArray,
    item_rows: IntArray,
    side_masks: WordArray,
    fast_rows: WordArray,
    item_fast: IntArray,
    close: FloatArray,
    inverse: FloatArray,
    factors: FloatArray,
    terms: FloatArray,
    stops: PassageArray,
    profits: PassageArray,
    words: WordArray,
    segments: IntArray,
    corners: FloatArray,
    out: FloatArray,
) -> None:
    """End equity over initial cash of chosen variants over the whole risk plane.

    Arguments as in `score_exactly` and `region_plane`; `segments` has a fourth row as scratch.
    `out` is shape (n_items, n_stops, n_profits); NaN asks for exact scoring.
    """
    n_bars = close.shape[0]
    compounds = np.isinf(terms[BUDGET_CAP]) and terms[LOCK_RATE] == 0.0
    for m in range(item_rows.shape[0]):
        _item_words(rows, item_rows[m], side_masks, fast_rows[item_fast[m]], words)
        n = find_segments(words[0], words[1], n_bars, segments[0], segments[1], segments[2])
        is_sound = False
        if terms[LOCK_RATE] == 0.0:
            is_sound = region_plane(
                close, inverse, factors, terms, segments[0], segments[1], segments[2], n,
                stops, profits, corners, out[m],
            )  # fmt: skip
        if not is_sound and not compounds:
            is_sound = stepwise_plane(
                close, inverse, factors, terms, segments[0], segments[1], segments[2], n,
                stops, profits, segments[3], out[m],
            )  # fmt: skip
        if not is_sound:
            out[m] = np.nan
