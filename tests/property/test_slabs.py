"""Slabs change nothing: whatever their size, and however their candidates are merged."""

import pickle
from dataclasses import replace
from functools import reduce
from itertools import product

import numpy as np
import pytest

from backtest.axes import explicit
from backtest.engine import preselection, slabs, stages
from backtest.engine.shortlist import NO_MARGIN, Margin
from backtest.engine.slabs import Candidates, merge
from backtest.request import IndicatorGrid, RiskGrid, RunRequest
from backtest.types import Ranking, RankingMetric, SizingMode
from tests.backtest.test_run_oracle import N_MINUTES, assert_like_brute_force
from tests.backtesters import answer, minute_candles
from tests.memory_feed import MemoryFeed
from tests.oracle.requests import random_request
from tests.property.scene import CANDLES, bits, request, template

EVERYTHING = 10_000
METRICS = list(RankingMetric)
SIZINGS = list(SizingMode)


def cut_into(monkeypatch: pytest.MonkeyPatch, n_combos: int, n_in_doubt: int = 2) -> None:
    monkeypatch.setattr(slabs, "SLAB_COMBOS", n_combos)
    monkeypatch.setattr(preselection, "MOST_IN_DOUBT", n_in_doubt)
    monkeypatch.setattr(preselection, "METRICS_AT_ONCE", n_combos)
    monkeypatch.setattr(stages, "METRICS_AT_ONCE", n_combos)


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
