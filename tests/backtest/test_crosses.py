"""Crosses: only pairs whose fast window is the shorter one are variants, and all of these are."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import yaml

from backtest.axes import Axis, RangeAxis, axis_values, explicit
from backtest.columns import columns_of, count_variants
from backtest.errors import GuardExceeded, InvalidRequest
from backtest.indicators.catalog import INDICATORS
from backtest.plan import Plan, make_draft, make_plan
from backtest.request import IndicatorGrid, RunRequest, Template
from backtest.types import Instrument, Timeframe, TimeRange
from bff.config.default_axes import read_defaults
from bff.config.settings import CONFIGS
from tests.backtesters import POLICY, NoDefaults, answer, feed
from tests.oracle.candles import series_of

FIFTY = RangeAxis(2, 100, 2)
RISING = ("fast_window", "slow_window")
KINDS = ["cross.ema", "cross.rma", "cross.sma"]


def request(fast: Axis, slow: Axis, kind: str = "cross.sma", **changes: Any) -> RunRequest:
    grid = IndicatorGrid(
        indicator_id=kind,
        params={"fast_window": fast, "slow_window": slow},
        source=explicit("close", "hlc3"),
    )
    template = Template(
        instrument=Instrument(market_id=1, symbol="BTCUSDT"),
        timeframe=Timeframe.M1,
        indicator_grids=(grid,),
    )
    whole = RunRequest(
        time_range=TimeRange(start_ms=150 * 60_000, end_ms=600 * 60_000),
        template=template,
        warmup_bars=150,
    )
    return replace(whole, **changes)


def planned(asked: RunRequest, **policy: int) -> Plan:
    assert asked.template is not None
    return make_plan(asked, asked.template, replace(POLICY, **policy), NoDefaults())


def test_the_impossible_half_is_neither_counted_nor_enumerated() -> None:
    plan = planned(request(FIFTY, FIFTY))
    grid = plan.grid

    assert grid.n_base == 2 * 50 * 49 // 2
    settings = [grid.indicators[0].setting(index) for index in range(grid.n_compute)]
    windows = axis_values(FIFTY)
    assert [tuple(setting.values()) for setting in settings] == [
        (fast, slow, source)
        for fast, slow, source in product(windows, windows, ("close", "hlc3"))
        if float(fast) < float(slow)
    ]


def test_the_guard_counts_what_there_is() -> None:
    asked = request(FIFTY, FIFTY)

    assert planned(asked, max_variants_per_compute=2_450).grid.n_base == 2_450
    with pytest.raises(GuardExceeded) as caught:
        planned(asked, max_variants_per_compute=2_449)
    assert caught.value.details["total_variants"] == 2_450


def test_the_resolved_grid_shows_the_axes_as_asked() -> None:
    shown = planned(request(explicit(20, 5), explicit(10, 30))).resolved_grid()

    assert shown.indicators["cross.sma"]["fast_window"] == (20, 5)
    assert shown.indicators["cross.sma"]["slow_window"] == (10, 30)


@pytest.mark.parametrize("kind", KINDS)
def test_every_returned_variant_has_its_own_place_key_and_rising_windows(kind: str) -> None:
    windows = explicit(3, 21, 8, 5, 13)
    result = answer(feed(700), request(windows, windows, kind, top_k=100))

    assert result.stage_a_variants == len(result.variants) == 20
    chosen = [variant.selections[0] for variant in result.variants]
    assert all(c.params["fast_window"] < c.params["slow_window"] for c in chosen)  # pyright: ignore[reportOperatorIssue]
    assert {variant.variant_index for variant in result.variants} == set(range(20))
    assert len({variant.variant_key for variant in result.variants}) == 20
    assert len({variant.total_return_pct for variant in result.variants}) > 10


def test_one_variant_alone_is_the_one_of_the_grid() -> None:
    windows = explicit(3, 21, 8, 5, 13)
    whole = answer(feed(700), request(windows, windows, top_k=100))
    best = whole.variants[0]
    chosen = best.selections[0]
    source = chosen.source
    assert source is not None

    fast, slow = (explicit(chosen.params[name]) for name in RISING)
    alone = answer(feed(700), request(fast, slow))

    same = [v for v in alone.variants if v.selections[0].source == source]
    assert [v.total_return_pct for v in same] == [best.total_return_pct]
    assert [v.variant_key for v in same] == [best.variant_key]


@pytest.mark.parametrize(
    ("fast", "slow"),
    [
        (explicit(50), explicit(20)),
        (explicit(20), explicit(20)),
        (RangeAxis(20, 100, 10), explicit(5, 10)),
    ],
)
def test_windows_that_never_rise_are_a_mistake_at_the_slow_one(fast: Axis, slow: Axis) -> None:
    asked = request(fast, slow)
    assert asked.template is not None

    with pytest.raises(InvalidRequest) as caught:
        make_draft(asked, asked.template, POLICY, NoDefaults())

    (problem,) = caught.value.problems
    assert problem.loc == ("template", "indicator_grids", 0, "params", "slow_window")
    assert problem.code == "parameter_order"


@pytest.mark.parametrize(
    "pair",
    [((2, 3, 4), (3, 2, 9)), ((5,), (4, 6)), ((9, 8, 7), (1, 2, 30)), ((1,), tuple(range(2, 90)))],
)
def test_counting_and_enumerating_agree(pair: tuple[Sequence[int], Sequence[int]]) -> None:
    fast, slow = (tuple(side) for side in pair)
    columns = columns_of((("a", (1, 2)), ("fast", fast), ("slow", slow)), ("fast", "slow"))
    axes = {"a": explicit(1, 2), "fast": explicit(*fast), "slow": explicit(*slow)}

    assert [len(column) for column in columns] == [2, sum(a < b for a in fast for b in slow)]
    assert count_variants(axes, ("fast", "slow")) == 2 * len(columns[1])
    assert count_variants(axes, None) == 2 * len(fast) * len(slow)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("price", [100.07, 60_000.01, 0.00001234, 2.0**24 + 1])
def test_averages_of_a_constant_price_do_not_cross(kind: str, price: float) -> None:
    series = series_of(np.full(2_100, price))

    for fast, slow in ((2, 3), (7, 30), (20, 200), (1_000, 1_999)):
        out = INDICATORS[kind].compute(series, source="close", fast_window=fast, slow_window=slow)
        assert not np.any(out[slow:])


def test_default_axes_that_are_older_than_crosses_still_load() -> None:
    shipped = yaml.safe_load((CONFIGS / "indicators.yaml").read_text("utf-8"))
    older = {key: row for key, row in shipped["indicators"].items() if key not in KINDS}
    document = {"version": 1, "indicators": older}

    defaults = read_defaults(document, INDICATORS, where="own.yaml")

    assert defaults.indicator_axes("cross.sma") == {}
    assert defaults.notices == (
        "own.yaml: indicators or axes without a default: 3; give them in requests",
    )
