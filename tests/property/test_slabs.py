"""Slabs change nothing: whatever their size, and however their candidates are merged."""

import pickle
import tracemalloc
from dataclasses import replace
from functools import reduce
from itertools import product

import numpy as np
import pytest

from backtest.axes import RangeAxis, explicit
from backtest.control import Control
from backtest.engine.pipeline import measured, slabs, stages
from backtest.engine.pipeline.shortlist import NO_MARGIN, Margin
from backtest.engine.pipeline.slabs import Candidates, merge
from backtest.engine.selection import preselection
from backtest.errors import GuardExceeded, RunCancelled
from backtest.policy import Want
from backtest.request import IndicatorGrid, RiskGrid, RunRequest
from backtest.types import AnswerPart, Ranking, RankingMetric, SizingMode
from tests.backtest.test_run_oracle import N_MINUTES, assert_like_brute_force
from tests.backtesters import USER, answer, backtester_over, minute_candles
from tests.memory_feed import MemoryFeed
from tests.oracle.requests import random_request
from tests.property.scene import CANDLES, bits, request, template

EVERYTHING = 10_000
METRICS = list(RankingMetric)
SIZINGS = list(SizingMode)


def cut_into(monkeypatch: pytest.MonkeyPatch, n_combos: int, n_in_doubt: int = 2) -> None:
    monkeypatch.setattr(slabs, "SLAB_COMBOS", n_combos)
    monkeypatch.setattr(preselection, "MOST_IN_DOUBT", n_in_doubt)
    monkeypatch.setattr(measured, "MEASURED_AT_ONCE", n_combos)
    monkeypatch.setattr(stages, "MEASURED_AT_ONCE", n_combos)


def assert_same_in_slabs(asked: RunRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bits(answer(CANDLES, asked))
    for n_combos in (1, 7):
        cut_into(monkeypatch, n_combos)
        assert bits(answer(CANDLES, asked)) == whole


@pytest.mark.parametrize("metric", METRICS)
def test_the_size_of_slabs_changes_no_bit(
    metric: RankingMetric, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = METRICS.index(metric)
    second = METRICS[place - 1] if place % 2 else None
    asked = request(
        template(
            sizing_mode=SIZINGS[place % len(SIZINGS)],
            risk_grid=template().risk_grid if place % 3 else RiskGrid(),
        ),
        ranking=Ranking(primary=metric, secondary=second),
        min_trades=30 if place % 4 == 0 else 0,
        distinct=place % 2 == 0,
        top_k=12,
        preselect=20,
    )

    assert_same_in_slabs(asked, monkeypatch)


@pytest.mark.parametrize("sizing", SIZINGS)
def test_nor_does_it_where_money_runs_out_and_fast_scores_do_not_hold(
    sizing: SizingMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruinous = template(
        sizing_mode=sizing,
        execution={"fee_pct": 45.0, "fixed_quote": 4_000.0},
        risk_grid=RiskGrid(),
    )

    assert_same_in_slabs(request(ruinous, top_k=30), monkeypatch)


@pytest.mark.parametrize("metric", [RankingMetric.TOTAL_RETURN_PCT, RankingMetric.PROFIT_FACTOR])
def test_nor_where_all_variants_are_equal(
    metric: RankingMetric, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = {"long_threshold": explicit(100, 99, 98), "short_threshold": explicit(0, 1)}
    made = template(signal_grids={"momentum.rsi": silent}, risk_grid=RiskGrid())

    assert_same_in_slabs(request(made, top_k=11, ranking=Ranking(primary=metric)), monkeypatch)


def test_nor_where_variants_differ_only_in_what_their_signals_do_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    macd = IndicatorGrid(
        indicator_id="momentum.macd",
        params={
            "fast_window": explicit(8, 3),
            "slow_window": explicit(21, 13),
            "signal_window": explicit(9, 4, 6, 2, 7),
        },
        source=explicit("hlc3", "close"),
    )
    made = template()
    made = replace(made, indicator_grids=(macd, made.indicator_grids[1]), risk_grid=RiskGrid())

    assert_same_in_slabs(request(made, top_k=17), monkeypatch)


@pytest.mark.parametrize("number", range(12))
def test_small_slabs_have_the_winners_of_brute_force(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_into(monkeypatch, 3)
    random = np.random.default_rng((13, number))
    tick = float(random.choice([1 / 64, 0.5]))
    feed = MemoryFeed(minute_candles(N_MINUTES, seed=number, tick=tick))

    assert_like_brute_force(random_request(random, N_MINUTES), feed)


def drawn(random: np.random.Generator, n_columns: int, margin: Margin) -> list[Candidates]:
    """Disjoint candidates full of ties and of numbers nearer than the margin."""
    n = int(random.integers(1, 60))
    scale = float(random.choice([1.0, 1e-17, 1e6]))
    columns = random.choice([-np.inf, -1.0, 0.0, 1.0, 1.0 + 1e-13, 2.0], (n_columns, n)) * scale
    if n_columns == 1:
        columns = np.where(np.isinf(columns), 0.5, columns) + random.normal(0, 1e-13, (1, n))
    owners = random.integers(0, 5, n)
    bases = random.permutation(n)
    parts: list[Candidates] = []
    for owner in range(5):
        own = np.flatnonzero(owners == owner)
        own = own[np.argsort(bases[own])]
        parts.append(Candidates(bases=bases[own], columns=columns[:, own], margin=margin))
    return parts


def as_bytes(found: Candidates) -> tuple[bytes, bytes]:
    return found.bases.tobytes(), found.columns.tobytes()


@pytest.mark.parametrize(("seed", "n_columns"), list(product(range(25), [1, 2])), ids=str)
def test_candidates_are_the_same_in_whatever_order_they_are_merged(
    seed: int, n_columns: int
) -> None:
    random = np.random.default_rng((14, seed))
    parts = drawn(random, n_columns, NO_MARGIN if n_columns == 2 else Margin.of(90, adds_up=False))
    n_kept = int(random.integers(1, 30))

    def all_of(order: list[Candidates]) -> Candidates:
        return reduce(lambda a, b: merge(a, b, n_kept), order)

    whole = all_of(parts)
    turned = all_of([parts[place] for place in random.permutation(5)])
    left, right = all_of(parts[:2]), all_of([pickle.loads(pickle.dumps(p)) for p in parts[2:]])

    assert as_bytes(turned) == as_bytes(whole)
    assert as_bytes(merge(left, right, n_kept)) == as_bytes(whole)
    assert as_bytes(merge(right, left, n_kept)) == as_bytes(whole)
    assert (np.diff(whole.bases) > 0).all()
    n_all = sum(map(len, parts))
    assert len(whole) >= min(n_kept, n_all)
    assert whole.ceiling(n_kept) >= np.sort(whole.columns[0])[min(n_kept, n_all) - 1]


def wide(n_windows: int) -> RunRequest:
    """A grid of 5 000 variants for each window of its average."""
    strength = IndicatorGrid(
        indicator_id="momentum.rsi",
        params={"window": RangeAxis(3, 52, 1)},
        source=explicit("close"),
    )
    average = IndicatorGrid(
        indicator_id="ma.sma",
        params={"window": RangeAxis(3, n_windows + 2, 1)},
        source=explicit("close"),
    )
    levels = {"long_threshold": RangeAxis(51, 60, 1), "short_threshold": RangeAxis(40, 49, 1)}
    made = template(
        indicator_grids=(average, strength),
        signal_grids={"momentum.rsi": levels},
        risk_grid=RiskGrid(),
        execution={"fee_pct": 0.0, "slippage_pct": 0.0},
    )
    return request(made, top_k=5, preselect=100)


@pytest.mark.parametrize("metric", [RankingMetric.TOTAL_RETURN_PCT, RankingMetric.MAX_DRAWDOWN_PCT])
def test_memory_does_not_grow_with_the_grid(
    metric: RankingMetric, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_into(monkeypatch, 5_000, 1_000)
    sizes = (5, 30)
    peaks: list[int] = []
    for n_windows in sizes:
        asked = replace(wide(n_windows), ranking=Ranking(primary=metric))
        answer(CANDLES, asked)
        tracemalloc.start()
        result = answer(CANDLES, asked)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert result.stage_a_variants == n_windows * 5_000

    one_number_each = 8 * (sizes[1] - sizes[0]) * 5_000
    assert peaks[1] - peaks[0] < one_number_each


@pytest.mark.parametrize("metric", ["total_return_pct", "max_drawdown_pct", "sharpe"])
@pytest.mark.parametrize("size", [7, 60])
def test_progress_counts_over_all_slabs(
    metric: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_into(monkeypatch, size)
    monkeypatch.setattr(measured, "MEASURED_AT_ONCE", 10)
    seen: list[tuple[int, int]] = []

    def note(stage: str, done: int, total: int) -> None:
        if stage == "stage_a":
            seen.append((done, total))

    with backtester_over(CANDLES) as backtester:
        control = Control(on_progress=note)
        ranking = Ranking(primary=RankingMetric(metric))
        asked = request(template(risk_grid=RiskGrid()), ranking=ranking)
        backtester.run(asked, user_id=USER, control=control)

    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1] == (180, 180)
    assert {total for _, total in seen} == {180}


def test_a_run_can_be_cancelled_between_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    cut_into(monkeypatch, 7)
    seen: list[int] = []
    control: Control

    def stop_early(stage: str, done: int, total: int) -> None:
        if stage == "stage_a":
            seen.append(done)
            control.cancel()

    control = Control(on_progress=stop_early)
    with backtester_over(CANDLES) as backtester, pytest.raises(RunCancelled):
        backtester.run(request(template()), user_id=USER, control=control)

    assert len(seen) == 1
    assert seen[0] <= 7


def test_a_grid_whose_ledger_does_not_fit_is_told_what_to_leave_out() -> None:
    """A million variants are tried in little memory, but their growth has 256 bytes each."""
    limits = {"max_variants_per_compute": 10**8, "max_compute_bytes_total": 100 << 20}
    asked = wide(200)
    with backtester_over(CANDLES, **limits) as backtester:
        want = Want(parts=frozenset({AnswerPart.EVIDENCE}))
        with pytest.raises(GuardExceeded) as caught:
            backtester.run(asked, user_id=USER, control=Control(), want=want)
        estimate = backtester.estimate(asked, user_id=USER)

    assert caught.value.message == (
        "The evidence and the landscape would need more memory than one run may use, for every "
        "variant that is tried; leave them out or shorten an axis"
    )
    assert caught.value.details["stage"] == "preflight"
    assert caught.value.details["estimated_bytes"] > 256 * 10**6
    assert estimate.verdict is None
    assert estimate.estimated_bytes < 100 << 20


def test_the_estimate_does_not_grow_with_the_grid() -> None:
    with backtester_over(CANDLES, max_variants_per_compute=10**9) as backtester:
        small, large = (backtester.estimate(wide(n), user_id=USER) for n in (400, 1900))

    rows = 1500 * 2 * 8 * 13
    assert large.stage_a_variants - small.stage_a_variants == 1500 * 5_000
    assert large.estimated_bytes - small.estimated_bytes == rows
