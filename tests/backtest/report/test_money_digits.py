"""Money prints with the digits of its account: cents, or those of a small one."""

import numpy as np
import pytest

from backtest.axes import explicit
from backtest.report.table import print_quote, quote_decimals
from backtest.request import IndicatorGrid, RunRequest, Template
from backtest.types import MINUTE_MS, DirectionMode, Instrument, Timeframe, TimeRange
from tests.backtesters import answer
from tests.memory_feed import MemoryFeed

CLOSES = [100, 101, 102, 103, 104, 103, 102, 101, 100, 99, 100, 101, 102, 103, 104, 105, 106]


def report_rows(init_cash: float) -> dict[str, str]:
    close = np.array(CLOSES, np.float64)
    opened = np.concatenate((close[:1], close[:-1]))
    top = np.maximum(opened, close)
    top[1:5] = close[1:5]
    candles = {
        "ts_open": np.arange(len(close)) * MINUTE_MS,
        "open": opened,
        "high": top,
        "low": np.minimum(opened, close),
        "close": close,
        "volume": np.ones(len(close)),
    }
    template = Template(
        instrument=Instrument(market_id=1, symbol="AAA"),
        timeframe=Timeframe.M1,
        indicator_grids=(
            IndicatorGrid(
                indicator_id="momentum.roc",
                params={"window": explicit(2)},
                source=explicit("close"),
            ),
        ),
        direction_mode=DirectionMode.LONG_ONLY,
        execution={"init_cash_quote": init_cash, "fee_pct": 0.0, "slippage_pct": 0.0},
    )
    request = RunRequest(
        time_range=TimeRange(start_ms=3 * MINUTE_MS, end_ms=16 * MINUTE_MS),
        template=template,
        warmup_bars=2,
        top_k=1,
    )
    report = answer(MemoryFeed(candles), request).variants[0].report
    assert report is not None
    return dict(report.rows)


def test_an_account_of_a_few_thousandths_of_a_coin_does_not_print_as_nothing() -> None:
    small, large = report_rows(0.004), report_rows(10_000.0)

    assert small["Init. Cash"] == "0.004"
    assert small["Total Profit"] == "0.00011881"
    assert large["Total Profit"] == "297.03"
    money = ("Init. Cash", "Total Profit")
    assert {row: small[row] for row in small if row not in money} == {
        row: large[row] for row in large if row not in money
    }


@pytest.mark.parametrize(
    ("init_cash", "decimals"),
    [(1e15, 2), (7, 2), (5, 2), (4.99, 8), (0.004, 8), (1e-4, 8), (9.9e-5, 9), (1e-9, 13)],
)
def test_cents_are_enough_for_most_accounts(init_cash: float, decimals: int) -> None:
    assert quote_decimals(init_cash) == decimals


@pytest.mark.parametrize("exponent", range(-9, 16))
def test_rounding_never_hides_a_thousandth_of_an_account(exponent: int) -> None:
    for digits in (1.0, 1.2345678, 4.9999, 5.0, 9.87654321):
        cash = digits * 10.0**exponent
        if not 1e-9 <= cash <= 1e15:
            continue
        printed = print_quote(cash, quote_decimals(cash))

        assert abs(float(printed) - cash) <= cash / 1000
