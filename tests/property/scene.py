"""The candles and the grid that the laws are tried on."""

from dataclasses import replace

from backtest.axes import explicit
from backtest.request import IndicatorGrid, RiskGrid, RunRequest, Template
from backtest.result import RunResult
from backtest.types import Instrument, Timeframe, TimeRange
from tests.backtesters import feed

N_MINUTES = 900
CANDLES = feed(N_MINUTES, seed=5, tick=1 / 16)
SMA = explicit(3, 5, 8, 13, 21)
RSI = explicit(4, 7, 14)
RSI_LONG, RSI_SHORT = explicit(52, 55, 60), explicit(48, 42)


def template(**changes: object) -> Template:
    base = Template(
        instrument=Instrument(market_id=1, symbol="BTCUSDT"),
        timeframe=Timeframe.M1,
        indicator_grids=(
            IndicatorGrid(
                indicator_id="ma.sma", params={"window": SMA}, source=explicit("close", "hlc3")
            ),
            IndicatorGrid(
                indicator_id="momentum.rsi", params={"window": RSI}, source=explicit("close")
            ),
        ),
        signal_grids={"momentum.rsi": {"long_threshold": RSI_LONG, "short_threshold": RSI_SHORT}},
        risk_grid=RiskGrid(
            sl_enabled=True,
            tp_enabled=True,
            sl=explicit(2.0, 0.5, *(i / 8 for i in range(10, 0, -1) if i != 4)),
            tp=explicit(1.5, 0.25, 0.75),
        ),
        execution={"fee_pct": 0.02},
    )
    return replace(base, **changes)  # pyright: ignore[reportArgumentType]


def request(made: Template, **changes: object) -> RunRequest:
    base = RunRequest(
        time_range=TimeRange(start_ms=60 * 60_000, end_ms=850 * 60_000),
        template=made,
        top_k=40,
        preselect=60,
    )
    return replace(base, **changes)  # pyright: ignore[reportArgumentType]


def bits(result: RunResult) -> list[tuple[int, str, float, object]]:
    return [
        (v.variant_index, v.variant_key, v.total_return_pct, v.report and v.report.rows)
        for v in result.variants
    ]


def returns_by_key(result: RunResult) -> dict[str, float]:
    return {v.variant_key: v.total_return_pct for v in result.variants}


def with_sma(*windows: int) -> Template:
    made = template()
    first, *others = made.indicator_grids
    return replace(
        made,
        indicator_grids=(replace(first, params={"window": explicit(*windows)}), *others),
    )
