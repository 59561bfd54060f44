import json
from uuid import UUID

import pytest

from backtest.control import Control
from backtest.errors import InvalidRequest, RunCancelled
from backtest.policy import Want
from resolvers.service import MAX_POINTS, BacktestService
from schema.enums import RunMode
from schema.parse import parse_request
from schema.report import MAX_CURVE_POINTS
from schema.response import to_json
from tests.fakes import POLICY, FakeBacktester, FakeDefaults

USER = UUID(int=1)
RANGE = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-02T00:00:00Z"}
REQUEST = parse_request(
    {
        "time_range": RANGE,
        "template": {
            "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
            "timeframe": "15m",
            "indicator_grids": [
                {
                    "indicator_id": "ma.sma",
                    "params": {"window": {"mode": "explicit", "values": [30]}},
                },
                {
                    "indicator_id": "momentum.rsi",
                    "params": {"window": {"mode": "explicit", "values": [30.0]}},
                },
            ],
        },
    }
)
SAVED = parse_request({"time_range": RANGE, "strategy_id": str(UUID(int=5))})


def service() -> BacktestService:
    return BacktestService(backtester=FakeBacktester(), defaults=FakeDefaults(), policy=POLICY)


def test_the_answer_has_the_members_of_the_contract_in_order() -> None:
    body = json.loads(to_json(service().run(REQUEST, user_id=USER, control=Control())))

    assert list(body) == [
        "schema_version", "mode", "strategy_id", "instrument_id", "timeframe", "warmup_bars",
        "top_k", "preselect", "top_trades_n", "spec_hash", "grid_request_hash",
        "engine_params_hash", "stage_a_variants", "stage_b_variants", "target_bars", "variants",
        "data", "notes", "evidence", "landscape", "receipt",
    ]  # fmt: skip
    (variant,) = body["variants"]
    assert list(variant) == [
        "variant_index", "variant_key", "indicator_variant_key", "total_return_pct", "ranking",
        "same_as", "report", "payload", "intrabar",
    ]  # fmt: skip
    assert list(variant["report"]) == [
        "rows", "table_md", "metrics", "standard", "trades",
    ]  # fmt: skip
    assert variant["report"]["metrics"] == {"Total Return [%]": 0.8, "Num. Trades": 1, "SQN": None}
    assert variant["payload"]["direction_mode"] == "long-short"


def test_number_types_of_a_payload_are_kept() -> None:
    body = to_json(service().run(REQUEST, user_id=USER, control=Control())).decode()

    assert '"params":{"window":30}' in body
    assert '"params":{"window":30.0}' in body


def test_a_trade_tells_times_with_milliseconds_and_the_reason() -> None:
    body = json.loads(to_json(service().run(REQUEST, user_id=USER, control=Control())))

    (trade,) = body["variants"][0]["report"]["trades"]
    assert trade["entry_ts"] == "2024-01-01T00:00:00.000Z"
    assert trade["exit_ts"] == "2024-01-01T00:45:00.123Z"
    assert (trade["direction"], trade["exit_reason"]) == ("long", "signal_exit")


def test_a_saved_run_has_the_hash_of_its_spec_and_not_of_a_grid() -> None:
    response = service().run(SAVED, user_id=USER, control=Control())

    assert response.mode is RunMode.SAVED
    assert response.spec_hash is not None
    assert response.grid_request_hash is None


def test_an_unwanted_report_is_null() -> None:
    want = Want(reports=False, trades=False)
    response = service().run(REQUEST, user_id=USER, control=Control(), want=want)

    assert response.variants[0].report is None


def test_curves_end_with_the_run_and_with_the_budget() -> None:
    control = Control()
    report = service().variant_report(REQUEST, user_id=USER, control=control, want=Want())

    for _ in range(MAX_POINTS // MAX_CURVE_POINTS):
        report.equity_curve(MAX_CURVE_POINTS)
    with pytest.raises(InvalidRequest):
        report.equity_curve(2)
    control.cancel()
    with pytest.raises(RunCancelled):
        report.equity_curve(2)


def test_months_end_with_the_run_too() -> None:
    control = Control()
    report = service().variant_report(REQUEST, user_id=USER, control=control, want=Want())

    (month,) = report.returns_by_month()
    assert (month.year, month.month, month.return_pct) == (2024, 1, 0.02)
    control.cancel()
    with pytest.raises(RunCancelled):
        report.returns_by_month()


def test_signals_end_with_the_run_and_with_the_budget_of_curves() -> None:
    control = Control()
    report = service().variant_report(REQUEST, user_id=USER, control=control, want=Want())

    rising, *_ = report.signal(MAX_CURVE_POINTS)
    assert (rising.from_ts, rising.to_ts) == (
        "2024-01-01T00:00:00.000Z",
        "2024-01-01T00:01:00.000Z",
    )
    assert (rising.n_bars, rising.n_long, rising.n_short) == (2, 2, 0)
    own = report.indicator_signals(MAX_CURVE_POINTS)
    assert [one.indicator_id for one in own] == ["ma.sma", "momentum.rsi"]
    report.equity_curve(5_000)
    # three stretches were told three times, and a curve counts as what was asked for
    for _ in range((MAX_POINTS - 5_009) // MAX_CURVE_POINTS):
        report.equity_curve(MAX_CURVE_POINTS)
    for _ in range((MAX_POINTS - 5_009) % MAX_CURVE_POINTS // 3):
        report.signal(MAX_CURVE_POINTS)
    with pytest.raises(InvalidRequest):
        report.signal(MAX_CURVE_POINTS)
    control.cancel()
    for ask in (report.signal, report.indicator_signals):
        with pytest.raises(RunCancelled):
            ask(2)


def test_the_report_of_one_variant_is_asked_for_by_name() -> None:
    use_case = FakeBacktester()
    asked = BacktestService(backtester=use_case, defaults=FakeDefaults(), policy=POLICY)

    report = asked.variant_report(REQUEST, user_id=USER, control=Control(), want=Want())

    assert report.trades is not None
    assert use_case.wants == [Want(reports=True, trades=True, is_explicit=True)]


def test_internal_indicators_are_not_shown() -> None:
    shown = service().indicators()

    assert len(shown) > 40
    assert all(row.rule is not None for row in shown)
