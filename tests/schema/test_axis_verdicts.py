"""One table of axes, four ways in: a file of defaults, REST, GraphQL and a saved strategy."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from backtest.errors import InvalidRequest
from backtest.indicators.catalog import INDICATORS
from backtest.plan import make_draft
from backtest.request import RunRequest, Template
from bff.config.default_axes import read_defaults
from bff.config.settings import CONFIGS
from bff.config.yaml_file import BadConfig
from schema.graphql.run import read_run
from schema.parse import parse_request
from schema.strategy_spec import read_spec
from tests.backtesters import POLICY
from tests.faces import to_graphql
from tests.saved_spec import SPEC

SHIPPED = yaml.safe_load((CONFIGS / "indicators.yaml").read_text("utf-8"))
DEFAULTS = read_defaults(SHIPPED, INDICATORS, where="shipped")
TIMES = {"start": "2024-01-01T00:00:00Z", "end": "2024-01-02T00:00:00Z"}
PLACE = {"instrument_id": {"market_id": 1, "symbol": "BTCUSDT"}, "timeframe": "1h"}

Way = Callable[[str, str, str, Any], None]


def explicit(*values: object) -> dict[str, Any]:
    return {"mode": "explicit", "values": list(values)}


def spanned(start: float, stop: float, step: float) -> dict[str, Any]:
    return {"mode": "range", "start": start, "stop_incl": stop, "step": step}


def over_file(row: str, part: str, name: str, axis: Any) -> None:
    entry = dict(SHIPPED["indicators"][row])
    changed = axis if part == "source" else {**entry.get(part, {}), name: axis}
    indicators = {**SHIPPED["indicators"], row: {**entry, part: changed}}
    read_defaults({"version": 1, "indicators": indicators}, INDICATORS, where="file")


def over_rest(row: str, part: str, name: str, axis: Any) -> None:
    judge(parse_request(body(row, part, name, axis)))


def over_graphql(row: str, part: str, name: str, axis: Any) -> None:
    judge(read_run(to_graphql(body(row, part, name, axis)))[0])


def over_saved_spec(row: str, part: str, name: str, axis: Any) -> None:
    members = {"source": {"inputs": {"source": axis}}, "params": {"params": {name: axis}}}
    signals = {row: {name: axis}} if part == "signals" else {}
    indicator = {"id": row, **members.get(part, {})}
    template = read_spec({**SPEC, "indicators": [indicator], "signal_grids": signals})
    judge(parse_request(body("volume.obv", "params", "", None)), template)


def body(row: str, part: str, name: str, axis: Any) -> dict[str, Any]:
    given = {"source": {"source": axis}, "params": {"params": {name: axis} if name else {}}}
    template = {**PLACE, "indicator_grids": [{"indicator_id": row, **given.get(part, {})}]}
    if part == "signals":
        template["signal_grids"] = {row: {name: axis}}
    return {"time_range": TIMES, "template": template}


def judge(request: RunRequest, template: Template | None = None) -> None:
    made = template or request.template
    assert made is not None
    make_draft(request, made, POLICY, DEFAULTS)


WINDOW = ("ma.sma", "params", "window")
MULT = ("trend.keltner", "params", "mult")
SOURCE = ("ma.sma", "source", "")
RSI = ("momentum.rsi", "signals", "long_threshold")
DELTA = ("volatility.atr", "signals", "long_delta_periods")
TAKEN = {
    "whole window": (*WINDOW, explicit(20)),
    "window at both bounds": (*WINDOW, explicit(2, 2000)),
    "window of whole floats in a range": (*WINDOW, spanned(10.0, 12.0, 1.0)),
    "range whose last value is inside the bounds": (*WINDOW, spanned(5, 2001, 3)),
    "multiplier between the steps": (*MULT, explicit(1.005)),
    "multiplier as a whole number": (*MULT, explicit(2)),
    "range of tenths": (*MULT, spanned(0.1, 0.35, 0.1)),
    "source with another case": (*SOURCE, explicit(" Close ", "hl2")),
    "threshold at both bounds": (*RSI, explicit(0, 100)),
    "threshold between whole numbers": (*RSI, explicit(28.5, 30.0)),
    "threshold off the step": (*RSI, spanned(20.25, 30, 2.5)),
    "periods of either sign": (*DELTA, explicit(-1, 2000)),
    "periods around zero": (*DELTA, spanned(-3, 3, 2)),
}
REFUSED = {
    "window below": (*WINDOW, explicit(1)),
    "window above": (*WINDOW, explicit(2001)),
    "window as a float": (*WINDOW, explicit(20.0)),
    "window with a fraction": (*WINDOW, explicit(20.5)),
    "window as a text": (*WINDOW, explicit("20")),
    "window as a flag": (*WINDOW, explicit(True)),
    "window that is missing": (*WINDOW, explicit(None)),
    "window beyond any float": (*WINDOW, explicit(10**400)),
    "windows given twice": (*WINDOW, explicit(5, 7, 5.0)),
    "no window": (*WINDOW, explicit()),
    "range with a fraction in its end": (*WINDOW, spanned(10, 12.5, 1)),
    "range with a fraction in its step": (*WINDOW, spanned(10, 12, 0.5)),
    "range whose last value is outside": (*WINDOW, spanned(5, 2003, 3)),
    "range that starts outside": (*WINDOW, spanned(1, 9, 2)),
    "range without a step": (*WINDOW, spanned(5, 9, 0)),
    "range that runs backwards": (*WINDOW, spanned(9, 5, 1)),
    "endless range": (*WINDOW, spanned(5, 10**12, 1)),
    "range off the lattice": (*MULT, spanned(0.105, 1, 0.01)),
    "step off the lattice": (*MULT, spanned(0.1, 1, 0.015)),
    "multiplier above": (*MULT, explicit(10.5)),
    "source that is none": (*SOURCE, explicit("cloze")),
    "source given twice": (*SOURCE, explicit("close", "CLOSE")),
    "source as a range": (*SOURCE, spanned(1, 2, 1)),
    "source where none can be chosen": ("ma.vwma", "source", "", explicit("close")),
    "threshold above": (*RSI, explicit(150)),
    "threshold below": (*RSI, explicit(-0.5)),
    "thresholds that run out of the bounds": (*RSI, spanned(90, 110, 5)),
    "threshold as a text": (*RSI, explicit("30")),
    "periods of zero": (*DELTA, explicit(-1, 0)),
    "periods through zero": (*DELTA, spanned(-2, 2, 1)),
    "periods with a fraction": (*DELTA, explicit(-1.5)),
    "periods as a float": (*DELTA, explicit(-1.0)),
    "periods beyond any history": (*DELTA, explicit(-2001)),
    "parameter that is none": ("ma.sma", "params", "width", explicit(5)),
    "signal parameter that is none": ("ma.sma", "signals", "long_threshold", explicit(5)),
    "order of two parameters": ("trend.psar", "params", "accel_start", explicit(0.9)),
}
WAYS = [over_file, over_rest, over_graphql, over_saved_spec]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", TAKEN.values(), ids=TAKEN.keys())
def test_an_axis_that_means_something_is_taken_everywhere(way: Way, case: Any) -> None:
    way(*case)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_an_axis_that_means_nothing_is_refused_everywhere(way: Way, case: Any) -> None:
    with pytest.raises((InvalidRequest, BadConfig)):
        way(*case)
