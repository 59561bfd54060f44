"""The catalog as a table: what a request can name, and that every row says what its kernel does."""

from collections.abc import Mapping
from math import isqrt
from typing import Any

import numpy as np
import pytest

from backtest.indicators.catalog import INDICATORS, public_indicators
from backtest.indicators.definition import Indicator, Param, RuleFamily, SignalParam
from backtest.indicators.series import Series
from tests.oracle.candles import walk

IDS = {
    "ma": "dema ema hma lwma rma sma tema vwma wma zlema",
    "cross": "ema rma sma",
    "volatility": "atr bbands bbands_bandwidth bbands_percent_b hv stddev tr variance",
    "momentum": "cci fisher macd ppo roc rsi stoch stoch_rsi trix williams_r",
    "trend": "adx aroon chandelier_exit donchian ichimoku keltner linreg_slope psar supertrend"
    " vortex",
    "volume": "ad_line cmf mfi obv volume_sma vwap vwap_deviation",
    "structure": "candle_stats candle_stats_atr_norm distance_to_ma_norm percent_rank pivots"
    " zscore",
}
HELPERS = {"structure.pivot_high", "structure.pivot_low"}
# All other rows have their axes in the order of their names.
OWN_ORDER = {
    "trend.adx": "window smoothing",
    "trend.chandelier_exit": "window mult",
    "trend.ichimoku": "conversion_window base_window span_b_window displacement",
    "trend.keltner": "window mult",
    "trend.supertrend": "window mult",
}
# What the primary output does not depend on.
INERT = {
    "volatility.bbands": {"mult"},
    "trend.keltner": {"mult"},
    "momentum.macd": {"signal_window"},
    "momentum.ppo": {"signal_window"},
    "momentum.trix": {"signal_window"},
    "momentum.stoch": {"d_window"},
    "momentum.stoch_rsi": {"d_window"},
    "trend.ichimoku": {"span_b_window"},
}
BOUNDS = {
    "mult": (0.1, 10.0, 0.01),
    "accel_start": (0.001, 1.0, 0.001),
    "accel_step": (0.001, 1.0, 0.001),
    "accel_max": (0.01, 5.0, 0.01),
}
FAMILIES = {
    RuleFamily.COMPARE_VOLUME: {"volume.volume_sma"},
    RuleFamily.THRESHOLD_CENTERED: {"trend.vortex"},
    RuleFamily.PIVOT_EVENTS: {"structure.pivots"},
    RuleFamily.CANDLE_BODY: {"structure.candle_stats", "structure.candle_stats_atr_norm"},
    RuleFamily.SIGN: {
        *(f"momentum.{name}" for name in ("fisher", "macd", "ppo", "roc", "trix")),
        *(f"cross.{name}" for name in ("ema", "rma", "sma")),
        "trend.linreg_slope",
    },
    RuleFamily.DELTA_SIGN: {
        *(f"volatility.{name}" for name in ("atr", "bbands_bandwidth", "hv", "stddev", "tr")),
        "volatility.variance",
        "trend.adx",
        "volume.ad_line",
        "volume.obv",
    },
    RuleFamily.THRESHOLD_BAND: {
        *(f"momentum.{name}" for name in ("cci", "rsi", "stoch", "stoch_rsi", "williams_r")),
        *(f"structure.{name}" for name in ("distance_to_ma_norm", "percent_rank", "zscore")),
        "volatility.bbands_percent_b",
        "trend.aroon",
        "volume.cmf",
        "volume.mfi",
    },
}
ROWS = [pytest.param(row, id=row.id) for row in INDICATORS.values()]
SERIES = walk(700)


def default_of(param: Param | SignalParam) -> int | float:
    return int(param.default) if param.kind == "int" else param.default


def first_finite(row: Indicator, settings: Mapping[str, Any], series: Series = SERIES) -> int:
    chosen = {name: value for name, value in settings.items() if name in row.primary_axes}
    return int(np.argmax(np.isfinite(row.compute(series, **chosen))))


def told_warmup(row: Indicator, settings: Mapping[str, Any]) -> int:
    known = {"max": max, "min": min, "isqrt": isqrt, **settings}
    return eval(row.warmup_bars, {"__builtins__": {}}, known)


def test_ids_are_the_54_of_the_catalog_and_two_helpers() -> None:
    listed = {f"{group}.{name}" for group, names in IDS.items() for name in names.split()}

    assert len(listed) == 54
    assert {row.id for row in public_indicators()} == listed
    assert set(INDICATORS) == listed | HELPERS
    assert [row.id for row in public_indicators()] == sorted(listed)
    assert len({row.title for row in INDICATORS.values()}) == len(INDICATORS)


@pytest.mark.parametrize("row", ROWS)
def test_axes_are_the_parameters_and_the_source_in_their_own_order(row: Indicator) -> None:
    names = [param.name for param in row.params] + ["source"] * bool(row.sources)

    assert sorted(row.axes) == sorted(names)
    expected = OWN_ORDER[row.id].split() if row.id in OWN_ORDER else sorted(names)
    assert list(row.axes) == expected
    assert set(row.inner) <= set(row.primary_axes)


@pytest.mark.parametrize("row", ROWS)
def test_only_moving_averages_take_the_middle_of_the_bar(row: Indicator) -> None:
    if not row.sources:
        return
    assert ("hl2" in row.sources) == (row.group == "ma")
    assert {"open", "high", "low", "close", "hlc3", "ohlc4"} <= set(row.sources)
    assert row.default_source == "close"


@pytest.mark.parametrize("row", ROWS)
def test_bounds_of_parameters(row: Indicator) -> None:
    for param in row.params:
        expected = BOUNDS.get(param.name, (2, 2_000, 1))
        assert (param.hard_min, param.hard_max, param.step) == expected
        assert param.kind == ("float" if param.name in BOUNDS else "int")
        assert param.hard_min <= param.default <= param.hard_max
    for rule_param in row.rule.params if row.rule else ():
        assert rule_param.hard_min <= rule_param.default <= rule_param.hard_max
        assert rule_param.nonzero == ("delta" in rule_param.name)


@pytest.mark.parametrize("row", ROWS)
def test_parameters_that_do_nothing_are_marked_and_not_asked_for(row: Indicator) -> None:
    inert = {param.name for param in row.params if not param.affects_primary}

    assert inert == INERT.get(row.id, set())
    assert set(row.primary_axes) == set(row.axes) - inert


@pytest.mark.parametrize("row", ROWS)
def test_every_other_parameter_changes_the_output(row: Indicator) -> None:
    settings: dict[str, Any] = {p.name: default_of(p) for p in row.params if p.affects_primary}
    if row.sources:
        settings["source"] = "close"
    usual = row.compute(SERIES, **settings)

    for name, value in settings.items():
        other = "open" if name == "source" else value * 2
        changed = row.compute(SERIES, **{**settings, name: other})
        assert not np.array_equal(usual, changed, equal_nan=True), name


@pytest.mark.parametrize("row", ROWS)
def test_warm_up_is_the_first_finite_bar(row: Indicator) -> None:
    usual: dict[str, Any] = {param.name: default_of(param) for param in row.params}
    if row.sources:
        usual["source"] = "close"
    others = [
        {p.name: default_of(p) + more for p in row.params if p.kind == "int"} for more in (1, 31)
    ]

    for settings in (usual, *({**usual, **other} for other in others)):
        told = told_warmup(row, settings)
        found = first_finite(row, settings)
        if row.rule is None or row.rule.family is RuleFamily.PIVOT_EVENTS:
            assert found >= told
        else:
            assert found == told


def test_families_of_the_rules() -> None:
    found: dict[RuleFamily, set[str]] = {family: set() for family in RuleFamily}
    for row in public_indicators():
        assert row.rule is not None
        found[row.rule.family].add(row.id)

    compared = found.pop(RuleFamily.COMPARE_PRICE)
    assert found == FAMILIES
    assert compared == {row.id for row in public_indicators()} - set().union(*FAMILIES.values())


@pytest.mark.parametrize("row", ROWS)
def test_a_compared_price_is_the_source_where_there_is_one(row: Indicator) -> None:
    if row.rule is None or row.rule.family is not RuleFamily.COMPARE_PRICE:
        return
    assert row.rule.price == ("source" if row.sources else "close")
    assert row.rule.invert == (row.id == "volume.vwap_deviation")


@pytest.mark.parametrize("row", ROWS)
def test_outputs_name_the_primary_one_and_inputs_are_series(row: Indicator) -> None:
    known = {"open", "high", "low", "close", "volume", "source"}

    assert row.primary in row.outputs
    assert len(set(row.outputs)) == len(row.outputs)
    assert set(row.inputs) <= known
    assert ("source" in row.inputs) == bool(row.sources)
    assert row.formula


def test_only_the_parabolic_stop_orders_its_parameters() -> None:
    ordered = {row.id: row.constraints for row in INDICATORS.values() if row.constraints}

    assert ordered == {"trend.psar": (("accel_start", "accel_max"),)}
