"""Distinct results: one variant stands for all that made the same trades, and says for whom."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backtest.axes import explicit
from backtest.engine.selection.distinct import same_as
from backtest.notes import notes_of
from backtest.plan import make_plan
from backtest.request import RunRequest, Template
from backtest.result import RankedVariant, RunResult, SameAs
from backtest.types import Ranking, RankingMetric, SizingMode
from tests.backtesters import POLICY, NoDefaults, answer, feed
from tests.oracle.requests import random_request
from tests.property.scene import CANDLES, request, template, with_sma

N_MINUTES = 300
FEED = feed(N_MINUTES, seed=11)
# Stops that are rarely reached, so that many variants are alike.
STOPS, PROFITS = (9.0, 0.5, 30.0, 8.0), (0.75, 50.0, 40.0)
WIDE = replace(template().risk_grid, sl=explicit(*STOPS), tp=explicit(*PROFITS))


def narrow(**changes: object) -> Template:
    """A few hundred variants, of which each is reported."""
    return replace(template(**changes), indicator_grids=with_sma(3, 13).indicator_grids)


def trades_of(variant: RankedVariant) -> bytes:
    """Side, entry and exit of each trade."""
    return variant.replay._legs[:, :3].tobytes()  # pyright: ignore[reportAttributeAccessIssue]


def grouped(result: RunResult) -> list[list[RankedVariant]]:
    """The variants of an answer by their trades, groups and members in the order of the answer."""
    groups: dict[bytes, list[RankedVariant]] = {}
    for variant in result.variants:
        groups.setdefault(trades_of(variant), []).append(variant)
    return list(groups.values())


def told(variant: RankedVariant) -> SameAs:
    assert variant.same_as is not None
    return variant.same_as


def assert_distinct(asked: RunRequest, candles: Any, **policy: Any) -> list[int]:
    """Compare with an answer that tells all variants apart; how large its groups are."""
    whole = answer(candles, replace(asked, top_k=10_000), **policy)
    wanted = grouped(whole)
    found = answer(candles, replace(asked, distinct=True), **policy).variants

    n_best = asked.top_k or len(wanted)
    assert [(v.variant_index, v.variant_key, v.total_return_pct) for v in found] == [
        (group[0].variant_index, group[0].variant_key, group[0].total_return_pct)
        for group in wanted[:n_best]
    ]
    assert [told(v).n_others for v in found] == [len(group) - 1 for group in wanted[:n_best]]
    return [len(group) for group in wanted]


@pytest.mark.parametrize("number", range(40))
def test_random_grids_are_grouped_by_their_trades(number: int) -> None:
    random = np.random.default_rng([2_024, number])

    assert_distinct(random_request(random, N_MINUTES), FEED)


@pytest.mark.parametrize("sizing", SizingMode)
@pytest.mark.parametrize("metric", [RankingMetric.TOTAL_RETURN_PCT, RankingMetric.SHARPE])
def test_stops_that_are_never_reached_give_one_row(
    sizing: SizingMode, metric: RankingMetric
) -> None:
    made = narrow(sizing_mode=sizing, risk_grid=WIDE)
    asked = request(made, preselect=10_000, top_k=12, ranking=Ranking(primary=metric))

    sizes = assert_distinct(asked, CANDLES)

    assert len(sizes) < 0.6 * sum(sizes)


@pytest.mark.parametrize("fee_pct", [20.0, 60.0])
@pytest.mark.parametrize("sizing", SizingMode)
def test_accounts_that_run_out_of_money_are_alike_from_then_on(
    sizing: SizingMode, fee_pct: float
) -> None:
    money = {"fee_pct": fee_pct, "init_cash_quote": 1_000.0, "fixed_quote": 400.0}
    made = narrow(sizing_mode=sizing, risk_grid=WIDE, execution=money)

    assert_distinct(request(made, preselect=10_000, top_k=None), CANDLES, top_k=10_000)


def test_a_floor_on_trades_holds_for_each_of_them() -> None:
    asked = request(template(risk_grid=WIDE), preselect=10_000, top_k=20, min_trades=60)

    assert assert_distinct(asked, CANDLES)


def test_without_stops_the_same_signals_give_one_row() -> None:
    made = template(risk_grid=replace(WIDE, sl_enabled=False, tp_enabled=False))

    assert_distinct(request(made, preselect=10_000, top_k=20), CANDLES)


def test_a_row_tells_the_values_of_the_axes_on_which_its_group_differs() -> None:
    asked = request(template(risk_grid=WIDE), preselect=10_000, top_k=40)
    groups = grouped(answer(CANDLES, replace(asked, top_k=10_000)))

    for variant, group in zip(
        answer(CANDLES, replace(asked, distinct=True)).variants, groups, strict=False
    ):
        axes = {(axis.indicator_id, axis.name): set(axis.values) for axis in told(variant).axes}
        taken: dict[tuple[str | None, str], set[object]] = {}
        for member in group:
            for key, value in settings_of(member).items():
                taken.setdefault(key, set()).add(value)
        assert axes == {key: values for key, values in taken.items() if len(values) > 1}


def settings_of(variant: RankedVariant) -> dict[tuple[str | None, str], object]:
    risk = {(None, "sl_pct"): variant.risk.sl_pct, (None, "tp_pct"): variant.risk.tp_pct}
    chosen: dict[tuple[str | None, str], object] = {**risk}
    for selection in variant.selections:
        chosen[selection.indicator_id, "source"] = selection.source
        chosen |= {(selection.indicator_id, name): v for name, v in selection.params.items()}
    for indicator_id, params in variant.signals.items():
        chosen |= {(indicator_id, name): value for name, value in params.items()}
    return chosen


@pytest.mark.parametrize("distinct", [False, True])
def test_stops_that_are_never_reached_are_no_edge_of_the_grid(distinct: bool) -> None:
    levels = {"sl": explicit(50.0, 60.0, 70.0), "tp": explicit(150.0, 160.0, 170.0)}
    made = template(risk_grid=replace(WIDE, **levels))
    asked = request(made, preselect=10_000, top_k=10_000, min_trades=1, distinct=distinct)

    result = answer(CANDLES, asked)

    notes = {note.code: note.message for note in notes_of(result)}
    assert "largest stop-loss" not in notes.get("edge_of_grid", "")
    assert "largest take-profit" not in notes.get("edge_of_grid", "")
    assert "too_few_variants" not in notes
    exits = {trade.exit_reason for v in result.variants[:1] for trade in (v.report.trades or ())}  # pyright: ignore[reportOptionalMemberAccess]
    assert result.variants[0].replay.exits == exits


def test_values_come_in_the_order_of_the_axis() -> None:
    asked = request(template(risk_grid=WIDE))
    assert asked.template is not None
    grid = make_plan(asked, asked.template, POLICY, NoDefaults()).grid
    bases, cells = np.divmod(np.arange(grid.n_base * grid.n_risk), grid.n_risk)

    found = same_as(grid, bases, cells)

    assert [(axis.indicator_id, axis.name) for axis in found.axes] == [
        ("ma.sma", "source"),
        ("ma.sma", "window"),
        ("momentum.rsi", "window"),
        ("momentum.rsi", "long_threshold"),
        ("momentum.rsi", "short_threshold"),
        (None, "sl_pct"),
        (None, "tp_pct"),
    ]
    assert found.axes[-2].values == STOPS
    assert found.n_others == grid.n_base * grid.n_risk - 1


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(threads: int) -> None:
    asked = request(template(risk_grid=WIDE), distinct=True)

    first, other = (answer(CANDLES, asked, threads=n) for n in (2, threads))

    assert [(v.variant_key, v.same_as) for v in first.variants] == [
        (v.variant_key, v.same_as) for v in other.variants
    ]


def test_nothing_is_said_where_results_are_not_distinct() -> None:
    assert all(v.same_as is None for v in answer(CANDLES, request(template())).variants)
