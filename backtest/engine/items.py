"""Kernels over lists of chosen variants: exact metrics, and planes of a shortlist.

An item names one row of every indicator; the fast indicator's rows come apart because they may be
produced in blocks.
"""

import numpy as np

from backtest.engine.account import BUDGET_CAP, LOCK_RATE
from backtest.engine.combine import combine
from backtest.engine.drawdown import max_drawdown
from backtest.engine.passage import PassageArray
from backtest.engine.plane import balance_plane, compounding_plane
from backtest.engine.segments import find_segments
from backtest.engine.trades import NET, replay, total_return_pct
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
    " float64[::1], float64[:, ::1], float64[::1], int32[:, :, ::1], int32[:, :, ::1],"
    " int64[::1], int64[::1], boolean, uint64[:, ::1], int64[:, ::1], int64[:, ::1],"
    " float64[:, ::1], float64[:, ::1])"
)
def score_exactly(
    rows: WordArray,
    item_rows: IntArray,
    side_masks: WordArray,
    fast_rows: WordArray,
    item_fast: IntArray,
    close: FloatArray,
    extrema: FloatArray,
    terms: FloatArray,
    stops: PassageArray,
    profits: PassageArray,
    stop_levels: IntArray,
    profit_levels: IntArray,
    with_drawdown: bool,
    words: WordArray,
    segments: IntArray,
    log: IntArray,
    money: FloatArray,
    out: FloatArray,
) -> None:
    """Metrics of chosen variants by the exact trade log.

    Args:
        rows: Bit rows of the slow indicators, shape (n_rows, 2, n_words).
        item_rows: Shape (n_items, n_slow): rows of each item.
        side_masks: Shape (2,), see `combine`.
        fast_rows: Shape (n_fast, 2, n_words); `item_fast`, shape (n_items,), points into it.
        item_fast: See `fast_rows`.
        close: Shape (n_bars,), the target slice; `extrema` its `block_extrema`.
        extrema: See `close`.
        terms: The account's terms.
        stops: `passage_tables`; `stop_levels`, shape (n_items,), the column of each item.
        profits: The same for take-profit, with `profit_levels`.
        stop_levels: See `stops`.
        profit_levels: See `profits`.
        with_drawdown: Whether the drawdown is wanted; it is NaN otherwise.
        words: Scratch, shape (2, n_words); `segments` (3, n_bars + 1); `log`, `money` as in
            `replay`.
        segments: See `words`.
        log: See `words`.
        money: See `words`.
        out: Out, shape (n_items, 5): return %, drawdown fraction, net wins, net losses, trades.
    """
    n_bars = close.shape[0]
    for m in range(item_rows.shape[0]):
        _item_words(rows, item_rows[m], side_masks, fast_rows[item_fast[m]], words)
        n_segments = find_segments(
            words[0], words[1], n_bars, segments[0], segments[1], segments[2]
        )
        n = replay(
            close, terms, segments[0], segments[1], segments[2], n_segments,
            stops, profits, stop_levels[m], profit_levels[m], log, money,
        )  # fmt: skip
        wins = losses = 0.0
        for k in range(n):
            net = money[k, NET]
            if net > 0.0:
                wins += net
            else:
                losses -= net
        out[m, RETURN_PCT] = total_return_pct(n, money, terms)
        out[m, DRAWDOWN] = (
            max_drawdown(close, extrema, terms, log, money, n) if with_drawdown else np.nan
        )
        out[m, WINS], out[m, LOSSES], out[m, N_TRADES] = wins, losses, n


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

    Arguments as in `score_exactly` and `compounding_plane`; `segments` has a fourth row as
    scratch. `out` is shape (n_items, n_stops, n_profits); NaN asks for exact scoring.
    """
    n_bars = close.shape[0]
    compounds = np.isinf(terms[BUDGET_CAP]) and terms[LOCK_RATE] == 0.0
    for m in range(item_rows.shape[0]):
        _item_words(rows, item_rows[m], side_masks, fast_rows[item_fast[m]], words)
        n = find_segments(words[0], words[1], n_bars, segments[0], segments[1], segments[2])
        if compounds:
            is_sound = compounding_plane(
                close, inverse, factors, segments[0], segments[1], segments[2], n,
                stops, profits, corners, out[m],
            )  # fmt: skip
        else:
            is_sound = balance_plane(
                close, inverse, factors, terms, segments[0], segments[1], segments[2], n,
                stops, profits, segments[3], out[m],
            )  # fmt: skip
        if not is_sound:
            out[m] = np.nan
