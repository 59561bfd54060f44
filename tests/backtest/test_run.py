"""The use-case around the engine: who may run what, what is guarded, what is wanted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from backtest.axes import RangeAxis, explicit
from backtest.control import Control
from backtest.errors import (
    BrokenInvariant,
    GuardExceeded,
    InvalidRequest,
    NoMarketData,
    StrategyForbidden,
    StrategyNotFound,
)
from backtest.policy import Want
from backtest.ports import SavedStrategy
from backtest.request import Overrides, RiskGrid, RunRequest, Template
from backtest.run import Backtester
from backtest.types import MINUTE_MS, SizingMode, TimeRange
from tests.backtesters import POLICY, USER, NoDefaults, answer, backtester_over
from tests.memory_feed import MemoryFeed
from tests.property.scene import CANDLES, bits, request, template

STRATEGY = UUID(int=7)
SPEC = {"kept": "as it is"}


class Shelf:
    """One saved strategy."""

    def __init__(self, *, user_id: UUID = USER, is_deleted: bool = False) -> None:
        self._saved = SavedStrategy(
            strategy_id=STRATEGY, user_id=user_id, is_deleted=is_deleted, spec=SPEC
        )

    def find(self, strategy_id: UUID) -> SavedStrategy | None:
        return self._saved if strategy_id == STRATEGY else None

    def ping(self) -> None:
        return None


def read_spec(spec: Mapping[str, Any]) -> Template:
    assert spec == SPEC
    return template()


def run_saved(shelf: Shelf, asked: RunRequest):
    backtester = Backtester(
        candles=CANDLES,
        strategies=shelf,
        defaults=NoDefaults(),
        read_spec=read_spec,
        policy=POLICY,
    )
    try:
        return backtester.run(asked, user_id=USER, control=Control())
    finally:
        backtester.close()


def saved_request(**changes: Any) -> RunRequest:
    return replace(request(template()), template=None, strategy_id=STRATEGY, **changes)


def test_a_saved_strategy_runs_like_its_template() -> None:
    saved = run_saved(Shelf(), saved_request())

    assert bits(saved) == bits(answer(CANDLES, request(template())))
    assert saved.strategy_id == STRATEGY
    assert saved.spec == SPEC


def test_overrides_change_a_saved_run_like_a_changed_template() -> None:
    overrides = Overrides(sizing_mode=SizingMode.FIXED_QUOTE, execution={"slippage_pct": 0.5})
    saved = run_saved(Shelf(), saved_request(overrides=overrides))
    made = template(
        sizing_mode=SizingMode.FIXED_QUOTE, execution={"fee_pct": 0.02, "slippage_pct": 0.5}
    )

    assert bits(saved) == bits(answer(CANDLES, request(made)))


def test_a_deleted_strategy_and_a_missing_one_look_the_same() -> None:
    with pytest.raises(StrategyNotFound) as deleted:
        run_saved(Shelf(is_deleted=True, user_id=UUID(int=2)), saved_request())
    with pytest.raises(StrategyNotFound) as missing:
        run_saved(Shelf(), replace(saved_request(), strategy_id=UUID(int=8)))

    assert deleted.value.message == missing.value.message


def test_a_strategy_of_somebody_else_is_forbidden() -> None:
    with pytest.raises(StrategyForbidden):
        run_saved(Shelf(user_id=UUID(int=2)), saved_request())


@pytest.mark.parametrize(
    "changes", [{"template": None}, {"strategy_id": STRATEGY}], ids=["neither", "both"]
)
def test_exactly_one_mode_is_an_invariant(changes: dict[str, Any]) -> None:
    with pytest.raises(BrokenInvariant):
        answer(CANDLES, replace(request(template()), **changes))


def test_a_range_without_candles_has_no_market_data() -> None:
    empty = MemoryFeed(
        {
            name: np.empty(0, np.int64 if name == "ts_open" else np.float64)
            for name in ("ts_open", "open", "high", "low", "close", "volume")
        }
    )
    with pytest.raises(NoMarketData):
        answer(empty, request(template()))


def test_an_empty_target_slice_is_refused() -> None:
    between = TimeRange(start_ms=60 * MINUTE_MS + 1, end_ms=60 * MINUTE_MS + 2)
    with pytest.raises(InvalidRequest) as caught:
        answer(CANDLES, request(template(), time_range=between))

    assert [problem.code for problem in caught.value.problems] == ["empty_target"]


def test_memory_is_guarded_before_candles_are_loaded() -> None:
    class NoFeed(MemoryFeed):
        def load(self, *args: Any, **kwargs: Any) -> Any:
            pytest.fail("candles were loaded")

    with pytest.raises(GuardExceeded) as caught:
        answer(NoFeed({}), request(template()), max_compute_bytes_total=1_000)

    details = caught.value.details
    assert details["error"] == "max_compute_bytes_total_exceeded"
    assert details["stage"] == "preflight"
    assert details["estimated_bytes"] > details["max_compute_bytes_total"] == 1_000


def test_a_range_of_a_trillion_values_never_reaches_the_feed() -> None:
    made = template(risk_grid=RiskGrid(sl_enabled=True, sl=RangeAxis(1, 10**12, 1)))
    with pytest.raises((InvalidRequest, GuardExceeded)):
        answer(MemoryFeed({}), request(made))


def test_an_estimate_tells_the_counts_of_the_run() -> None:
    asked = request(template())
    with backtester_over(CANDLES) as backtester:
        estimate = backtester.estimate(asked, user_id=USER)
    result = answer(CANDLES, asked)

    assert estimate.stage_a_variants == result.stage_a_variants == 180
    assert estimate.stage_b_variants == result.stage_b_variants == 60 * 33
    assert estimate.target_bars == result.target_bars == 790
    assert estimate.loaded_bars == 790 + POLICY.warmup_bars - 1  # the first target bar opens before
    assert estimate.verdict is None


def test_an_estimate_above_a_guard_is_an_answer() -> None:
    for limit, stage in (
        ({"max_variants_per_compute": 100}, "stage_a"),
        ({"max_compute_bytes_total": 1_000}, "preflight"),
    ):
        with backtester_over(CANDLES, **limit) as backtester:
            estimate = backtester.estimate(request(template()), user_id=USER)

        assert estimate.verdict is not None
        assert estimate.verdict["stage"] == stage
        assert estimate.stage_a_variants == 180


def test_only_wanted_parts_are_made() -> None:
    with backtester_over(CANDLES) as backtester:
        asked = request(template(), top_k=4, top_trades_n=2)
        bare, told, full = (
            backtester.run(asked, user_id=USER, control=Control(), want=want).variants
            for want in (Want(reports=False), Want(trades=False), Want())
        )

    assert [variant.report for variant in bare] == [None] * 4
    assert all(variant.report and variant.report.trades is None for variant in told)
    listed = [bool(v.report and v.report.trades is not None) for v in full]
    assert listed == [True, True, False, False]
    assert [v.variant_key for v in bare] == [v.variant_key for v in full]


def test_reports_can_be_switched_off_by_policy() -> None:
    result = answer(CANDLES, request(template()), eager_reports=False)

    assert all(variant.report is None for variant in result.variants)


def test_the_answer_holds_the_resolved_grid_in_the_order_of_materialisation() -> None:
    grid = answer(CANDLES, request(template())).grid

    assert list(grid.indicators) == ["ma.sma", "momentum.rsi"]
    assert grid.indicators["ma.sma"]["window"] == (3, 5, 8, 13, 21)
    assert grid.signals == {
        "momentum.rsi": {"long_threshold": (52, 55, 60), "short_threshold": (48, 42)}
    }
    assert grid.tp_pct == (1.5, 0.25, 0.75)


def test_a_report_and_its_trades_reproduce_the_number_that_ranked() -> None:
    for variant in answer(CANDLES, request(template(), top_trades_n=20)).variants[:20]:
        assert variant.report is not None
        assert variant.report.trades is not None
        net = sum(trade.net_pnl_quote for trade in variant.report.trades)
        total = variant.report.metrics["Total Return [%]"]

        assert net / POLICY.init_cash_quote * 100 == pytest.approx(variant.total_return_pct)
        assert total == pytest.approx(variant.total_return_pct, rel=1e-12)
        assert variant.report.metrics["Num. Trades"] == len(variant.report.trades)


def test_an_equity_curve_keeps_first_and_last_bar() -> None:
    result = answer(CANDLES, request(template(), top_k=1))
    (variant,) = result.variants
    assert variant.report is not None
    for points in (4, 10, 790, 5_000):
        curve = variant.replay.equity_curve(points)

        assert 2 <= len(curve.ts) <= min(points, 790)
        assert (curve.ts[0], curve.ts[-1]) == (60 * MINUTE_MS, 849 * MINUTE_MS)
        assert curve.equity[-1] - 10_000 == pytest.approx(variant.report.metrics["Total Profit"])
    whole = variant.replay.equity_curve(790)
    assert whole.drawdown_pct.max() == variant.report.metrics["Max. Drawdown [%]"]


def test_an_indicator_that_never_agrees_makes_variants_without_trades() -> None:
    made = template(
        signal_grids={
            "momentum.rsi": {"long_threshold": explicit(100), "short_threshold": explicit(0)}
        },
        risk_grid=RiskGrid(),
    )
    result = answer(CANDLES, request(made, top_k=1_000))

    assert {variant.total_return_pct for variant in result.variants} == {0.0}
    keys = [variant.variant_key for variant in result.variants]
    assert keys == sorted(keys)
