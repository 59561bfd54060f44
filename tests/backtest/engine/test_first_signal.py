"""Whether the signal that opens a range was on before it."""

from collections.abc import Sequence

import pytest

from backtest.axes import explicit
from backtest.request import IndicatorGrid, RiskGrid
from backtest.result import RunResult, Trade
from backtest.types import MINUTE_MS, DirectionMode, TimeRange
from tests.backtesters import answer
from tests.property.scene import CANDLES, RSI_LONG, RSI_SHORT, request, template

LAST = 850 * MINUTE_MS
ONE_RULE = (IndicatorGrid(indicator_id="ma.sma", params={"window": explicit(13)}),)
TWO_RULES = (
    *ONE_RULE,
    IndicatorGrid(indicator_id="momentum.rsi", params={"window": explicit(7)}),
)
CROSS = (
    IndicatorGrid(
        indicator_id="cross.ema",
        params={"fast_window": explicit(4, 12), "slow_window": explicit(12)},
    ),
)


def run_from(start_ms: int, grids: Sequence[IndicatorGrid], direction: DirectionMode) -> RunResult:
    made = template(
        indicator_grids=tuple(
            IndicatorGrid(
                indicator_id=grid.indicator_id, params=grid.params, source=explicit("close")
            )
            for grid in grids
        ),
        signal_grids={
            grid.indicator_id: {
                "long_threshold": explicit(RSI_LONG.values[0]),
                "short_threshold": explicit(RSI_SHORT.values[0]),
            }
            for grid in grids
            if grid.indicator_id == "momentum.rsi"
        },
        risk_grid=RiskGrid(),
        direction_mode=direction,
    )
    # the whole history, so that an average that never forgets is the same in every range
    asked = request(
        made, time_range=TimeRange(start_ms=start_ms, end_ms=LAST), top_k=1, warmup_bars=900
    )
    return answer(CANDLES, asked)


def trades_of(run: RunResult) -> Sequence[Trade]:
    report = run.variants[0].report
    assert report is not None
    assert report.trades is not None
    return report.trades


@pytest.mark.parametrize(
    "grids", [ONE_RULE, TWO_RULES, CROSS], ids=["one rule", "two rules", "a cross"]
)
@pytest.mark.parametrize("direction", list(DirectionMode))
def test_a_signal_that_sets_in_at_the_first_close_was_not_on_before(
    grids: Sequence[IndicatorGrid], direction: DirectionMode
) -> None:
    known = [
        trade
        for trade in trades_of(run_from(60 * MINUTE_MS, grids, direction))
        if trade.exit_bar_index - trade.entry_bar_index > 1
    ]

    for trade in known[1:6]:
        at_entry = run_from(trade.entry_ts, grids, direction)
        after_entry = run_from(trade.entry_ts + MINUTE_MS, grids, direction)

        for run in (at_entry, after_entry):
            assert run.variants[0].replay.opens_at_once
        assert not at_entry.is_on_at_start
        assert after_entry.is_on_at_start
    assert len(known) > 6


def test_without_a_bar_before_the_range_nothing_was_on() -> None:
    run = run_from(0, ONE_RULE, DirectionMode.LONG_SHORT)

    assert run.found.n_warmup_bars == 0
    assert not run.is_on_at_start
