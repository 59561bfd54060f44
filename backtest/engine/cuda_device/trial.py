"""A few variants that a device has to score like the processors, to the bit, before it is used.

Whatever a driver, a compiler or a device of tomorrow does to the arithmetic, answers stay the same.

See: docs/scale.md#an-accelerator
"""

from collections.abc import Iterator

import numpy as np

from backtest.engine.bits.bitops import words_for
from backtest.engine.bits.combine import BitRows
from backtest.engine.bits.segments import empty_segments
from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.engine.blocks.marks import Marks, cut_rows, marks_of
from backtest.engine.money.account import Terms, account_terms
from backtest.engine.money.passage import Passages, passage_table
from backtest.engine.money.prices import Prices, prices_of
from backtest.engine.scoring.items import Items, score_planes
from backtest.engine.scoring.plane_growth import grow_planes
from backtest.engine.scoring.score import score_balances, score_compounding
from backtest.engine.scoring.score_growth import grow_by_walk
from backtest.engine.workers.device import Device
from backtest.types import Execution, FloatArray, IntArray, SizingMode, WordArray

N_BARS, N_SLOW, N_FAST = 300, 4, 8
STOPS, PROFITS = (2.0, 9.0), (0.0, 5.0, 12.0)


def differing(device: Device) -> str:
    """The first number in which a device differs from the processors; empty where none does.

    Raises:
        DeviceLost: The device failed.

    See: docs/scale.md#an-accelerator
    """
    random = np.random.default_rng(20)
    prices = prices_of(np.exp(np.cumsum(random.normal(0.0, 0.1, N_BARS))))
    rows = _random_rows(random)
    ids = np.array([(i, j) for i in range(N_SLOW) for j in range(N_SLOW)], np.int64)
    for sizing, terms in _all_terms():
        expected = np.empty((len(ids), N_FAST), np.float64)
        score = score_compounding if terms.compounds else score_balances
        score(rows, ids, prices, terms, expected)
        scorer = device.scorer(rows.slow, rows.side_masks, prices, terms)
        scorer.take(rows.fast)
        found = scorer.score(ids)
        if not same_bits(found, expected):
            return f"a score with sizing {sizing.value}"
        if not _grows_alike(device, rows, ids, prices, terms):
            return f"growth with sizing {sizing.value}"
        if not _are_planes_alike(device, rows, prices, terms):
            return f"a risk plane with sizing {sizing.value}"
    return ""


def _grows_alike(
    device: Device, rows: BitRows, ids: IntArray, prices: Prices, terms: Terms
) -> bool:
    """Whether scores and ledger of a run with one are the same."""
    marks = marks_of(N_BARS, terms)
    slow, fast = _cut(rows.slow, marks), _cut(rows.fast, marks)
    shape = (len(ids), N_FAST)
    growth, ruined = np.empty((*shape, N_BLOCKS), np.int32), np.empty(shape, np.bool_)
    expected = np.full(shape, np.nan), growth, ruined
    # slow rows are whole on a processor, which cuts what it has combined
    grow_by_walk(BitRows(rows.slow, fast, rows.side_masks), ids, prices, terms, marks, *expected)
    growth, ruined = np.empty_like(expected[1]), np.empty_like(expected[2])
    scorer = device.scorer(slow, rows.side_masks, prices, terms, marks)
    scorer.take(fast)
    found = scorer.grow(ids, growth, ruined)
    is_ledger_same = np.array_equal(growth, expected[1]) and np.array_equal(ruined, expected[2])
    return is_ledger_same and same_bits(found, expected[0])


def _are_planes_alike(device: Device, rows: BitRows, prices: Prices, terms: Terms) -> bool:
    """Whether scores and growth over a risk plane are the same."""
    n, shape = len(rows.slow), (len(STOPS), len(PROFITS))
    unused = np.zeros(n, np.int64)
    items = Items(np.arange(n)[:, None], np.arange(n), unused, unused)
    tables = [
        passage_table(prices.close, terms, np.array(percents), is_stop=is_stop)
        for percents, is_stop in ((STOPS, True), (PROFITS, False))
    ]
    passages, marks = Passages(*tables), marks_of(N_BARS, terms)
    scores = np.empty((n, *shape), np.float64)
    score_planes(rows, items, prices, terms, passages, empty_segments(N_BARS), scores)
    growth = np.empty((n, scores[0].size, N_BLOCKS), np.int32)
    ruined = np.empty(growth.shape[:2], np.bool_)
    grow_planes(rows, items, prices, terms, marks, passages, growth, ruined)
    combined = rows.slow & rows.fast[:n]
    found = device.planes(prices, terms, passages, marks)
    found_growth, found_ruined = found.grow(combined)
    is_ledger_same = np.array_equal(found_growth, growth) and np.array_equal(found_ruined, ruined)
    return is_ledger_same and are_planes_same(found.score(combined), scores)


def are_planes_same(found: FloatArray, expected: FloatArray) -> bool:
    """Whether two sets of planes ask for exact scores of the same variants and are equal otherwise.

    Shapes are (n, n_stops, n_profits). A variant with a NaN in any cell is scored exactly, so its
    other cells are not compared; those of all others are, bit by bit.

    See: docs/scale.md#an-accelerator
    """
    is_sound = ~np.isnan(expected).any(axis=(1, 2))
    is_alike = np.array_equal(is_sound, ~np.isnan(found).any(axis=(1, 2)))
    return is_alike and same_bits(found[is_sound], expected[is_sound])


def _cut(rows: WordArray, marks: Marks) -> WordArray:
    out = np.empty((len(rows), 2, len(marks.firsts) - 1), np.uint64)
    cut_rows(rows, marks.firsts, out)
    return out


def same_bits(found: FloatArray, expected: FloatArray) -> bool:
    """Whether two float64 arrays are equal bit by bit, where any NaN is as good as any other.

    See: docs/scale.md#an-accelerator
    """
    return np.array_equal(
        np.where(np.isnan(found), np.nan, found).view(np.uint64),
        np.where(np.isnan(expected), np.nan, expected).view(np.uint64),
    )


def _random_rows(random: np.random.Generator) -> BitRows:
    """Signals that hold for some bars, long, short or neither; the slow ones are often on."""
    n_words = words_for(N_BARS)
    sides = np.repeat(random.integers(0, 3, (N_FAST, N_BARS // 5 + 1)), 5, axis=1)[:, :N_BARS]
    fast = np.zeros((N_FAST, 2, 8 * n_words), np.uint8)
    for side in range(2):
        packed = np.packbits(sides == side, axis=1, bitorder="little")
        fast[:, side, : packed.shape[1]] = packed
    words = random.integers(0, 2**64 - 1, (2, N_SLOW, 2, n_words), np.uint64, endpoint=True)
    masks = np.full(2, 2**64 - 1, np.uint64)
    return BitRows(words[0] | words[1], fast.view(np.uint64), masks)


def _all_terms() -> Iterator[tuple[SizingMode, Terms]]:
    """Every sizing; a fixed quote is taken once from plenty and once from too little."""
    for sizing in SizingMode:
        for fixed_quote in (100.0, 9_000.0) if sizing is SizingMode.FIXED_QUOTE else (100.0,):
            execution = Execution(
                init_cash_quote=10_000.0,
                fixed_quote=fixed_quote,
                safe_profit_percent=30.0,
                fee_pct=0.075,
                slippage_pct=0.01,
            )
            yield sizing, account_terms(execution, sizing)
