"""A request that names nothing but an indicator: accepted everywhere, and it means something."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from backtest.axes import axis_values, explicit
from backtest.control import Control
from backtest.indicators.catalog import INDICATORS, public_indicators
from backtest.plan import make_plan
from backtest.request import IndicatorGrid, RunRequest, Template
from backtest.run import Backtester
from backtest.types import MINUTE_MS, Instrument, Timeframe, TimeRange
from bff.config.settings import Settings, load_settings
from schema.strategy_spec import read_spec
from tests.backtesters import USER, NoStrategies, minute_candles
from tests.memory_feed import MemoryFeed

WARMUP, TARGET = 250, 350
CANDLES = MemoryFeed(minute_candles(WARMUP + TARGET, seed=8))
IDS = [row.id for row in public_indicators()]
ENVIRONMENTS = ("dev", "test", "prod")
NEEDED: dict[str, dict[str, str]] = {
    "dev": {},
    "test": {},
    "prod": {
        "IDENTITY_JWT_SECRET": "s" * 40,
        "CH_HOST": "candles.internal",
        "CH_PASSWORD": "p",
        "STRATEGY_PG_DSN": "postgresql://db/strategies",
    },
}


def alone(indicator_id: str) -> RunRequest:
    return RunRequest(
        time_range=TimeRange(start_ms=WARMUP * MINUTE_MS, end_ms=(WARMUP + TARGET) * MINUTE_MS),
        template=Template(
            instrument=Instrument(market_id=1, symbol="BTCUSDT"),
            timeframe=Timeframe.M1,
            indicator_grids=(IndicatorGrid(indicator_id=indicator_id),),
        ),
        warmup_bars=WARMUP,
    )


@cache
def shipped(environment: str) -> Settings:
    return load_settings({"ROEHUB_ENV": environment, **NEEDED[environment]})


@pytest.fixture(scope="module")
def backtester() -> Iterator[Backtester]:
    settings = shipped("dev")
    made = Backtester(
        candles=CANDLES,
        strategies=NoStrategies(),
        defaults=settings.grid_defaults,
        read_spec=read_spec,
        policy=settings.policy(cpus=2),
    )
    yield made
    made.close()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("indicator_id", IDS)
def test_an_id_alone_is_a_plan_within_the_guards(environment: str, indicator_id: str) -> None:
    settings = shipped(environment)
    request = alone(indicator_id)
    assert request.template is not None

    plan = make_plan(request, request.template, settings.policy(cpus=2), settings.grid_defaults)

    assert 1 <= plan.grid.n_base <= 7_056


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("indicator_id", ["ma.ema", "ma.sma", "momentum.rsi", "structure.zscore"])
def test_forty_values_stay_forty(environment: str, indicator_id: str) -> None:
    settings = shipped(environment)
    windows = {"window": explicit(*range(10, 50))}
    request = alone(indicator_id)
    assert request.template is not None
    grid = IndicatorGrid(indicator_id=indicator_id, params=windows)
    template = replace(request.template, indicator_grids=(grid,))

    plan = make_plan(request, template, settings.policy(cpus=2), settings.grid_defaults)

    assert plan.grid.n_base == 40


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("indicator_id", IDS)
def test_parameters_that_do_nothing_have_their_usual_value_only(
    environment: str, indicator_id: str
) -> None:
    defaults = shipped(environment).grid_defaults
    row = INDICATORS[indicator_id]
    axes = defaults.indicator_axes(indicator_id)

    for param in row.params:
        if not param.affects_primary:
            assert axis_values(axes[param.name]) == (param.default,)
    assert row.rule is not None
    for param in row.rule.params:
        signal_axis = defaults.signal_axes(indicator_id)[param.name]
        assert axis_values(signal_axis) == (param.default,)


@pytest.mark.parametrize("indicator_id", IDS)
def test_an_id_alone_trades(backtester: Backtester, indicator_id: str) -> None:
    result = backtester.run(alone(indicator_id), user_id=USER, control=Control())

    assert any(variant.total_return_pct != 0.0 for variant in result.variants)
