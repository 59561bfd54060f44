"""The engine and its report against the reference: tests/golden/README.md says what is exact."""

import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from backtest.engine.money.account import account_terms
from backtest.engine.money.trades import ENTRY, EXIT, REASON, SIDE
from backtest.policy import RunSettings
from backtest.report.metrics import Curve, TradeHistory, all_metrics, day_ends, draw_curve
from backtest.report.table import print_rows
from backtest.report.trade_list import DIRECTIONS, REASONS
from backtest.types import (
    DirectionMode,
    Execution,
    Instrument,
    Ranking,
    SizingMode,
    Timeframe,
    TimeRange,
)
from schema.request import Execution as ExecutionModel
from tests.golden_files import golden_cases, to_ms
from tests.oracle.cases import Case
from tests.oracle.engine import Setup, play
from tests.oracle.kernels import MONEY_COLUMNS, Played, disagreement, played

ALL = [*golden_cases("engine/cases.json"), *golden_cases("engine/reference_defects.json")]
REJECTED = [case for case in ALL if case["expected"].get("rejected")]
CASES = [case for case in ALL if case not in REJECTED]
RATIOS = {"Sharpe Ratio", "Sortino Ratio", "Calmar Ratio"}


@pytest.fixture(params=CASES, ids=[f"{case['id']} {case['scenario']}" for case in CASES])
def golden(request: pytest.FixtureRequest) -> dict[str, Any]:
    case: dict[str, Any] = request.param
    return case


def case_of(golden: dict[str, Any]) -> Case:
    first, stop = golden["target_slice"]
    risk = golden["risk"]
    setup = Setup(
        execution=Execution(**golden["execution"]),
        sizing=SizingMode(golden["sizing_mode"]),
        direction=DirectionMode(golden["direction_mode"]),
        sl_pct=risk["sl_pct"] if risk["sl_enabled"] else None,
        tp_pct=risk["tp_pct"] if risk["tp_enabled"] else None,
    )
    return Case(
        close=np.array(golden["close"][first:stop], np.float64),
        signal=np.array(golden["signal"][first:stop], np.int8),
        setup=setup,
    )


def history_of(golden: dict[str, Any], case: Case, ours: Played) -> TradeHistory:
    timeframe = Timeframe(golden["timeframe"])
    first, stop = golden["target_slice"]
    asked = golden["request"]
    settings = RunSettings(
        time_range=TimeRange(start_ms=to_ms(asked["start"]), end_ms=to_ms(asked["end"])),
        instrument=Instrument(market_id=1, symbol="BTCUSDT"),
        timeframe=timeframe,
        direction_mode=case.setup.direction,
        sizing_mode=case.setup.sizing,
        execution=case.setup.execution,
        ranking=Ranking(),
        warmup_bars=1,
        top_k=1,
        preselect=1,
        top_trades_n=1,
        eager_reports=True,
    )
    ts_close = golden["ts_open_first_ms"] + (np.arange(first, stop) + 1) * timeframe.ms
    return TradeHistory(
        settings=settings,
        terms=account_terms(case.setup.execution, case.setup.sizing),
        close=case.close,
        ts_close=ts_close,
        day_ends=day_ends(ts_close),
        log=ours.log,
    )


def curve_and_metrics(golden: dict[str, Any]) -> tuple[Curve, dict[str, Any]]:
    case = case_of(golden)
    history = history_of(golden, case, played(case))
    curve = draw_curve(history)
    return curve, all_metrics(history, curve)


def test_trades_equal_the_reference(golden: dict[str, Any]) -> None:
    ours = played(case_of(golden))
    first, _ = golden["target_slice"]
    wanted_trades = golden["expected"]["trades"]

    assert len(ours.log.legs) == len(wanted_trades)
    for leg, money, wanted in zip(ours.log.legs, ours.log.money, wanted_trades, strict=True):
        assert DIRECTIONS[leg[SIDE]] == wanted["direction"]
        assert leg[ENTRY] + first == wanted["entry_bar_index"]
        assert leg[EXIT] + first == wanted["exit_bar_index"]
        assert REASONS[leg[REASON]] == wanted["exit_reason"]
        for name, column in MONEY_COLUMNS.items():
            assert money[column] == pytest.approx(wanted[name], rel=1e-9, abs=1e-9), name


def test_account_and_equity_equal_the_reference(golden: dict[str, Any]) -> None:
    case, expected = case_of(golden), golden["expected"]
    slow = play(case.close.tolist(), case.signal.tolist(), case.setup)
    ours = played(case)
    equity = golden.get("derived", expected)["equity_close_quote"]

    assert slow.available == pytest.approx(expected["available_quote"], rel=1e-9, abs=1e-9)
    assert slow.safe == pytest.approx(expected["safe_quote"], rel=1e-9, abs=1e-9)
    assert ours.total_return_pct == pytest.approx(expected["total_return_pct"], rel=1e-9, abs=1e-9)
    np.testing.assert_allclose(ours.equity, equity, rtol=1e-9, atol=1e-9)


def test_the_bar_by_bar_loop_agrees_to_the_bit(golden: dict[str, Any]) -> None:
    assert disagreement(case_of(golden)) is None


def test_printed_rows_equal_the_reference(golden: dict[str, Any]) -> None:
    _, metrics = curve_and_metrics(golden)
    wanted = golden.get("derived", golden["expected"])["rows"]

    assert [list(row) for row in print_rows(metrics)] == wanted


def test_raw_metrics_equal_the_reference(golden: dict[str, Any]) -> None:
    _, metrics = curve_and_metrics(golden)

    for title, wanted in golden.get("derived", golden["expected"])["metrics_raw"].items():
        ours = metrics[title]
        if wanted is None or ours is None:
            assert ours is wanted, title
        else:
            rel = 1e-7 if title in RATIOS else 1e-9
            assert math.isclose(ours, wanted, rel_tol=rel, abs_tol=1e-9), title


@pytest.mark.parametrize("golden", REJECTED, ids=[case["id"] for case in REJECTED])
def test_impossible_slippage_is_refused_before_the_engine(golden: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        ExecutionModel.model_validate(golden["execution"])

    assert [error["loc"] for error in caught.value.errors()] == [("slippage_pct",)]
