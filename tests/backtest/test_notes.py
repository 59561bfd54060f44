"""When a note is told, what it says, and that docs/answer.md lists it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backtest.axes import Scalar
from backtest.notes import NOTES, notes_of
from backtest.policy import Want
from backtest.result import (
    CandlesFound,
    RankedVariant,
    ResolvedGrid,
    Risk,
    RunResult,
    SameAs,
    SameAxis,
    Selection,
)
from backtest.types import ExitReason, Timeframe
from tests.fakes import FakeReplay, result_of
from tests.property.scene import request, template

PAGE = Path(__file__).parents[2] / "docs" / "answer.md"
COMPLETE = CandlesFound(
    candle_ms=60_000,
    first_ms=0,
    last_ms=86_340_000,
    n_expected=1_440,
    n_present=1_440,
    n_before=0,
    n_after=0,
    longest_gap=None,
    n_bars_filled=0,
    n_bars_after=0,
    n_tail=0,
    n_bars_absent=0,
    n_warmup_bars=30,
    n_warmup_absent=0,
)


class Often(FakeReplay):
    n_trades = 30


def a_run(**changes: Any) -> RunResult:
    """A run over 100 days of hours that nothing has to be said about, but for the changes."""
    made = result_of(request(template()), Want())
    quiet = replace(
        made,
        settings=replace(made.settings, timeframe=Timeframe.H1),
        found=COMPLETE,
        target_bars=2_400,
        variants=(replace(made.variants[0], replay=Often()),),
        grid=ResolvedGrid(indicators={}, signals={}, sl_pct=None, tp_pct=None, execution={}),
    )
    quiet = replace(quiet, variants=(replace(quiet.variants[0], selections=(), signals={}),))
    return replace(quiet, **changes)


def told(run: RunResult) -> dict[str, str]:
    return {note.code: note.message for note in notes_of(run)}


def found(**changes: Any) -> CandlesFound:
    return replace(COMPLETE, **changes)


def best_of(run: RunResult, **changes: Any) -> tuple[RankedVariant, ...]:
    return (replace(run.variants[0], **changes),)


def test_nothing_is_said_where_nothing_has_to_be() -> None:
    assert told(a_run()) == {}


def test_a_range_beyond_the_candles_names_their_end_and_the_bars_made_up() -> None:
    run = a_run(
        found=found(last_ms=1_709_766_000_000, n_bars_after=8_615, n_bars_filled=8_615),
        target_bars=8_736 + 2_400,
    )

    assert told(run)["range_beyond_candles"] == (
        "The candles end at 2024-03-06T23:00, before the end of the range:"
        " 8,615 of 11,136 bars are made up"
    )


@pytest.mark.parametrize(("n_tail", "is_told"), [(6, False), (7, True)])
def test_a_last_bar_that_is_cut_off_is_told(n_tail: int, is_told: bool) -> None:
    run = a_run(found=found(last_ms=1_709_764_380_000, n_tail=n_tail, n_after=n_tail + 1))

    assert told(run).get("range_beyond_candles") == (
        "The candles end at 2024-03-06T22:33, before the end of the range: the last bar is missing"
        " 7 of its 60 candles at its end"
        if is_told
        else None
    )


@pytest.mark.parametrize(("n_after", "is_told"), [(1_000, False), (1_001, True)])
def test_an_end_of_the_range_behind_its_last_bar_is_told(n_after: int, is_told: bool) -> None:
    run = a_run(found=found(last_ms=1_709_764_380_000, n_after=n_after, n_expected=10_000))

    assert told(run).get("range_beyond_candles") == (
        "The candles end at 2024-03-06T22:33, before the end of the range: the range is missing"
        " 1,001 of its 10,000 candles at its end, and no bar closes there"
        if is_told
        else None
    )


def test_a_range_without_a_candle_whose_first_bar_is_real_says_so() -> None:
    outage = found(
        first_ms=None,
        last_ms=None,
        n_expected=200,
        n_present=0,
        n_before=200,
        n_after=200,
        n_bars_filled=3,
        n_bars_after=3,
    )

    assert told(a_run(found=outage, target_bars=4))["range_beyond_candles"] == (
        "No candle opens inside the range: 3 of 4 bars are made up"
    )


def test_a_range_before_the_candles_names_the_bars_that_do_not_exist() -> None:
    run = a_run(found=found(n_bars_absent=48, n_before=800, n_present=640))

    assert "it is missing the first 48 of its 2,448 bars" in told(run)["range_before_candles"]
    assert "missing_candles" not in told(run)


def test_the_bar_that_closes_at_the_first_candle_is_not_worth_a_note() -> None:
    assert told(a_run(found=found(n_bars_absent=1))) == {}


@pytest.mark.parametrize(("n_missing", "is_told"), [(14, False), (15, True)])
def test_missing_candles_are_told_above_one_percent(n_missing: int, is_told: bool) -> None:
    run = a_run(found=found(n_present=1_440 - n_missing, n_bars_filled=3))

    assert ("missing_candles" in told(run)) == is_told
    if is_told:
        assert told(run)["missing_candles"].startswith("15 of 1,440 candles are missing")
        assert "3 of 2,400 bars are made up" in told(run)["missing_candles"]


def test_a_tail_without_candles_is_told_once() -> None:
    run = a_run(found=found(n_present=440, n_after=1_000, n_bars_filled=16, n_bars_after=16))

    assert list(told(run)) == ["range_beyond_candles"]


def test_a_short_warmup_is_told() -> None:
    run = a_run(found=found(n_warmup_bars=20, n_warmup_absent=179))

    assert told(run)["short_warmup"].startswith(
        "The range has only 20 of its 200 warm-up bars: indicators may be undefined"
    )


@pytest.mark.parametrize(
    ("n_bars", "n_after", "message"),
    [
        (2_160, 0, None),
        (2_159, 0, "Ratios are annualised from 89.9 days, fewer than 90"),
        (504, 0, "Ratios are annualised from 21 days, fewer than 90"),
        (2_400, 2_279, "Ratios are annualised from 5 days, fewer than 90"),
        (24, 0, "Ratios are annualised from 1 day, fewer than 90"),
        (1, 0, "Ratios are annualised from 0.0416 days, fewer than 90"),
    ],
)
def test_few_days_are_told_of_the_bars_up_to_the_last_candle(
    n_bars: int, n_after: int, message: str | None
) -> None:
    run = a_run(target_bars=n_bars, found=found(n_bars_after=n_after))

    assert told(run).get("few_days") == message


@pytest.mark.parametrize(
    ("min_trades", "n_risk_variants", "is_told"), [(0, 9, False), (40, 9, True), (40, 1, False)]
)
def test_a_list_that_the_floor_on_trades_made_shorter_is_told(
    min_trades: int, n_risk_variants: int, is_told: bool
) -> None:
    run = a_run(stage_a_variants=n_risk_variants, stage_b_variants=n_risk_variants)
    run = replace(run, settings=replace(run.settings, top_k=5, min_trades=min_trades))

    assert ("too_few_variants" in told(run)) == is_told
    if is_told:
        assert told(run)["too_few_variants"] == (
            "Only 1 of the 5 requested variants made at least 40 trades (min_trades)"
        )


def test_a_small_grid_that_the_floor_empties_is_told_by_its_own_number() -> None:
    run = a_run(stage_a_variants=2, stage_b_variants=2, variants=())
    run = replace(run, settings=replace(run.settings, top_k=300, min_trades=1_000))

    assert told(run)["too_few_variants"] == (
        "Only 0 of the 2 variants made at least 1,000 trades (min_trades)"
    )


def test_rows_that_stand_for_others_are_not_missing_ones() -> None:
    run = a_run(stage_a_variants=9, stage_b_variants=9)
    others = SameAs(n_others=8, axes=())
    asked = replace(run.settings, top_k=5, min_trades=1, distinct=True)
    run = replace(run, settings=asked, variants=best_of(run, same_as=others))

    assert told(run) == {}
    fewer = replace(run, variants=best_of(run, same_as=replace(others, n_others=6)))
    assert told(fewer)["too_few_variants"] == (
        "Only 7 of the 9 variants made at least 1 trade (min_trades)"
    )


@pytest.mark.parametrize(
    ("n_trades", "message"),
    [
        (0, "The best variant made 0 trades, fewer than 30"),
        (1, "The best variant made 1 trade, fewer than 30"),
        (29, "The best variant made 29 trades, fewer than 30"),
        (30, None),
    ],
)
def test_few_trades_are_told_of_the_best(n_trades: int, message: str | None) -> None:
    replay = Often()
    replay.n_trades = n_trades
    run = a_run()

    assert told(replace(run, variants=best_of(run, replay=replay))).get("few_trades") == message


def test_a_signal_that_was_on_before_is_told() -> None:
    assert list(told(a_run(is_on_at_start=True))) == ["on_at_start"]


@pytest.mark.parametrize(
    ("window", "values", "edge"),
    [
        (20, (20, 10, 15), "your largest window of ma.ema (20)"),
        (10, (20, 10, 15), "your smallest window of ma.ema (10)"),
        (15, (20, 10, 15), None),
        (20, (10, 20), None),
        (2, (2, 10, 20), None),
    ],
    ids=["largest", "smallest", "inside", "two values have only ends", "nothing is allowed below"],
)
def test_a_winner_on_the_edge_is_told_by_the_axis(
    window: Scalar, values: tuple[Scalar, ...], edge: str | None
) -> None:
    run = a_run()
    chosen = Selection(indicator_id="ma.ema", source="close", params={"window": window})
    axes = {"ma.ema": {"source": ("close", "high", "low"), "window": values}}
    run = replace(
        run,
        grid=replace(run.grid, indicators=axes),
        variants=best_of(run, selections=(chosen,)),
    )

    wanted = None if edge is None else f"The best variant sits on an edge of the grid: {edge}"
    assert told(run).get("edge_of_grid") == wanted


def test_edges_of_thresholds_and_stops_are_named_too() -> None:
    run = a_run()
    chosen = Selection(indicator_id="momentum.rsi", source="close", params={"window": 14})
    signals = {"momentum.rsi": {"long_threshold": 60, "short_threshold": 45}}
    run = replace(
        run,
        grid=replace(
            run.grid,
            indicators={"momentum.rsi": {"source": ("close",), "window": (7, 14, 21)}},
            signals={
                "momentum.rsi": {"long_threshold": (52, 55, 60), "short_threshold": (40, 45, 48)}
            },
            sl_pct=(0.5, 1.25, 2.0),
            tp_pct=(0.0, 1.0, 2.0),
        ),
        variants=best_of(
            run,
            selections=(chosen,),
            signals=signals,
            risk=Risk(sl_enabled=True, sl_pct=0.5, tp_enabled=True, tp_pct=0.0),
        ),
        stage_b_variants=9,
    )

    assert told(run)["edge_of_grid"].endswith(
        "your largest long_threshold of momentum.rsi (60), your smallest stop-loss (0.5)"
    )


@pytest.mark.parametrize(
    ("sl_pct", "exits", "is_told"),
    [
        (70.0, {ExitReason.SIGNAL_EXIT}, False),
        (70.0, {ExitReason.SIGNAL_EXIT, ExitReason.SL}, True),
        (50.0, {ExitReason.SIGNAL_EXIT}, True),
    ],
    ids=["never reached", "reached", "a nearer one might be"],
)
def test_a_stop_beyond_one_that_no_trade_reaches_is_no_edge(
    sl_pct: float, exits: set[ExitReason], is_told: bool
) -> None:
    run, replay = a_run(), Often()
    replay.exits = frozenset(exits)
    risk = Risk(sl_enabled=True, sl_pct=sl_pct, tp_enabled=False, tp_pct=None)
    run = replace(
        run,
        grid=replace(run.grid, sl_pct=(50.0, 60.0, 70.0)),
        variants=best_of(run, risk=risk, replay=replay),
        stage_b_variants=3,
    )

    assert ("edge_of_grid" in told(run)) == is_told


@pytest.mark.parametrize(("alike", "is_told"), [(None, True), ((10, 15), False), ((10, 20), True)])
def test_a_winner_that_stands_for_one_inside_is_on_no_edge(
    alike: tuple[int, ...] | None, is_told: bool
) -> None:
    run = a_run()
    chosen = Selection(indicator_id="ma.ema", source="close", params={"window": 10})
    axis = SameAxis(indicator_id="ma.ema", name="window", values=alike or ())
    same_as = None if alike is None else SameAs(n_others=1, axes=(axis,))
    axes = {"ma.ema": {"source": ("close",), "window": (20, 10, 15)}}
    run = replace(
        run,
        grid=replace(run.grid, indicators=axes),
        variants=best_of(run, selections=(chosen,), same_as=same_as),
    )

    assert ("edge_of_grid" in told(run)) == is_told


def test_a_cut_before_the_stops_is_told_with_both_numbers() -> None:
    run = a_run(stage_a_variants=112_320, stage_b_variants=60_000)
    with_stops = replace(run, grid=replace(run.grid, sl_pct=(1.0, 2.0, 3.0)))

    assert told(run) == {}
    assert told(with_stops)["preselected"] == (
        "The stop-loss was tried on only 20,000 of 112,320 variants:"
        " the best without it (preselect)"
    )


def test_holding_that_did_better_is_told() -> None:
    run = a_run(holding_return_pct=45.125)

    assert told(run)["holding_did_better"].startswith(
        "Holding from the first close to the last returned 45.12 %"
    )


def test_a_run_without_costs_is_told() -> None:
    run = a_run()
    free = replace(run.settings.execution, fee_pct=0.0, slippage_pct=0.0)

    assert list(told(replace(run, settings=replace(run.settings, execution=free)))) == ["no_costs"]


@pytest.mark.parametrize(
    ("init_cash", "return_pct", "is_told"),
    [
        (10_000.0, 0.8, False),
        (10_000.0, 0.01234567, True),
        (10_000.0, 0.0, False),
        (0.004, 2.9702970297029703, False),
        (0.004, 0.001234567, True),
        (7.0, float("inf"), False),
    ],
)
def test_a_profit_that_the_rows_round_away_is_told(
    init_cash: float, return_pct: float, is_told: bool
) -> None:
    run = a_run()
    money = replace(run.settings.execution, init_cash_quote=init_cash)
    variants = best_of(run, total_return_pct=return_pct)

    notes = told(replace(run, settings=replace(run.settings, execution=money), variants=variants))

    assert ("rounded_money" in notes) == is_told


def test_a_run_without_variants_has_notes_on_its_candles_alone() -> None:
    run = a_run(variants=(), holding_return_pct=5.0, found=found(n_bars_after=2, n_bars_filled=2))

    assert list(told(run)) == ["range_beyond_candles"]


def test_the_page_lists_every_code_in_the_order_of_the_notes() -> None:
    page = PAGE.read_text("utf-8").partition("<!-- notes -->")[2].partition("<!-- /notes -->")[0]

    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(NOTES)
