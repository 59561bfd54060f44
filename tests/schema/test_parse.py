import copy
import json
from pathlib import Path
from typing import Any

import pytest

from backtest.axes import ExplicitAxis, RangeAxis
from backtest.errors import InvalidRequest
from backtest.request import RunRequest
from backtest.types import DirectionMode, Ranking, RankingMetric, SizingMode, Timeframe
from schema.parse import parse_request

GOLDEN = Path(__file__).parents[1] / "golden" / "errors" / "cases.json"
CASES: list[dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
PATHS_ARE_NORMATIVE = [
    case
    for case in CASES
    if (case["expected"]["body"] or {}).get("error", {}).get("details", {}).get("errors")
]
GOOD: dict[str, Any] = CASES[0]["request"]


def spots(body: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        parse_request(body)
    return [(".".join(["body", *map(str, item.loc)]), item.code) for item in caught.value.problems]


def changed(path: str, value: object) -> dict[str, Any]:
    body = copy.deepcopy(GOOD)
    *parents, last = (int(step) if step.isdecimal() else step for step in path.split("/"))
    target: Any = body
    for step in parents:
        target = target[step]
    target[last] = value
    return body


def parsed(path: str, value: object) -> RunRequest:
    return parse_request(changed(path, value))


@pytest.mark.parametrize("case", PATHS_ARE_NORMATIVE, ids=lambda case: case["tag"])
def test_golden_schema_errors(case: dict[str, Any]) -> None:
    expected = case["expected"]["body"]["error"]

    with pytest.raises(InvalidRequest) as caught:
        parse_request(case["request"])

    found = {(".".join(["body", *map(str, p.loc)]), p.code) for p in caught.value.problems}
    assert found == {(item["path"], item["code"]) for item in expected["details"]["errors"]}
    assert caught.value.message == expected["message"]


def test_a_request_becomes_the_words_of_the_domain() -> None:
    request = parse_request(GOOD)

    template = request.template
    assert template is not None
    assert (request.top_k, request.warmup_bars, request.preselect) == (2, 40, None)
    assert template.instrument.symbol == "ETHUSDT"
    assert template.timeframe is Timeframe.M15
    assert template.execution == {"init_cash_quote": 1000.0, "fee_pct": 0.05, "slippage_pct": 0.0}
    assert template.indicator_grids[0].params == {"window": ExplicitAxis((5, 9))}
    assert template.signal_grids["momentum.rsi"]["long_threshold"] == ExplicitAxis((55,))


@pytest.mark.parametrize(
    "ranking",
    [None, {}, {"primary_metric": None}, {"primary_metric": None, "secondary_metric": None}],
)
def test_a_ranking_that_names_nothing_means_the_configured_one(ranking: object) -> None:
    assert parse_request({**GOOD, "ranking": ranking}).ranking is None


def test_a_ranking_that_names_a_metric_is_the_requests_own() -> None:
    by_drawdown = parse_request({**GOOD, "ranking": {"secondary_metric": "max_drawdown_pct"}})
    by_factor = parse_request({**GOOD, "ranking": {"primary_metric": "profit_factor"}})

    assert by_drawdown.ranking == Ranking(
        primary=RankingMetric.TOTAL_RETURN_PCT, secondary=RankingMetric.MAX_DRAWDOWN_PCT
    )
    assert by_factor.ranking == Ranking(primary=RankingMetric.PROFIT_FACTOR)


def test_null_means_absent() -> None:
    body = copy.deepcopy(GOOD)
    body |= {"strategy_id": None, "overrides": None, "ranking": None, "top_trades_n": None}
    body["template"] |= {"direction_mode": None, "sizing_mode": None, "risk_grid": None}

    template = parse_request(body).template

    assert template is not None
    assert template.direction_mode is DirectionMode.LONG_SHORT
    assert template.sizing_mode is SizingMode.ALL_IN


def test_times_are_utc_milliseconds() -> None:
    body = copy.deepcopy(GOOD)
    body["time_range"] = {
        "start": "2024-01-01T02:30:00.000999+02:30",
        "end": "2024-01-01T00:00:00.0019Z",
    }

    time_range = parse_request(body).time_range

    assert (time_range.start_ms, time_range.end_ms) == (1_704_067_200_000, 1_704_067_200_001)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2024-01-01", "timezone_aware"),
        ("2024-01-01T00:00:00", "timezone_aware"),
        ("1704067200", "datetime_type"),
        ("-1e3", "datetime_type"),
        (1704067200, "datetime_type"),
        (True, "datetime_type"),
        (None, "datetime_type"),
        ("", "datetime_from_date_parsing"),
        ("soon", "datetime_from_date_parsing"),
        ("0001-01-01T00:00:00+10:00", "datetime_object_invalid"),
    ],
)
def test_what_is_not_a_time(value: object, code: str) -> None:
    assert spots(changed("time_range/start", value)) == [("body.time_range.start", code)]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("5", "int_parsing"),
        (True, "int_type"),
        (1.5, "int_from_float"),
        (float("nan"), "finite_number"),
        (float("inf"), "finite_number"),
        (10**400, "finite_number"),
        (0, "greater_than"),
        (2**31, "less_than_equal"),
        ([], "int_type"),
    ],
)
def test_what_is_not_a_count(value: object, code: str) -> None:
    assert spots(changed("warmup_bars", value)) == [("body.warmup_bars", code)]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("5", "float_type"),
        (True, "float_type"),
        (float("nan"), "finite_number"),
        (-float("inf"), "finite_number"),
        (10**400, "finite_number"),
        (-0.1, "greater_than_equal"),
        (100, "less_than"),
    ],
)
def test_what_is_not_a_percent(value: object, code: str) -> None:
    path = "template/execution/fee_pct"

    assert spots(changed(path, value)) == [("body.template.execution.fee_pct", code)]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "string_too_short"),
        ("  ", "string_too_short"),
        ("a\nb", "unprintable_text"),
        ("\ud800", "unprintable_text"),
        ("x" * 65, "string_too_long"),
        (5, "string_type"),
        (None, "string_type"),
    ],
)
def test_what_is_not_a_symbol(value: object, code: str) -> None:
    path = "template/instrument_id/symbol"

    assert spots(changed(path, value)) == [("body.template.instrument_id.symbol", code)]


def test_an_integral_float_is_that_integer() -> None:
    assert parsed("top_k", 3.0).top_k == 3


WINDOW = "template/indicator_grids/0/params/window"
WINDOW_PATH = "body.template.indicator_grids.0.params.window"


@pytest.mark.parametrize(
    ("axis", "found"),
    [
        (5, [("", "model_attributes_type")]),
        ({}, [(".mode", "required")]),
        ({"mode": "list"}, [("", "union_tag_invalid")]),
        ({"mode": "explicit"}, [(".values", "required")]),
        ({"mode": "explicit", "values": 5}, [(".values", "list_type")]),
        ({"mode": "explicit", "values": [1, True]}, [(".values.1", "axis_value_type")]),
        ({"mode": "explicit", "values": [float("inf")]}, [(".values.0", "finite_number")]),
        ({"mode": "explicit", "values": [1], "start": 1}, [(".start", "extra_forbidden")]),
        (
            {"mode": "range", "start": "1", "stop_incl": True},
            [(".start", "float_type"), (".step", "required"), (".stop_incl", "float_type")],
        ),
    ],
)
def test_places_in_an_axis_do_not_name_its_mode(axis: object, found: list[tuple[str, str]]) -> None:
    assert spots(changed(WINDOW, axis)) == [(WINDOW_PATH + tail, code) for tail, code in found]


def test_number_types_of_an_axis_are_kept() -> None:
    template = parsed(WINDOW, {"mode": "explicit", "values": [30, 30.5, 7.0]}).template

    assert template is not None
    assert repr(template.indicator_grids[0].params["window"]) == repr(ExplicitAxis((30, 30.5, 7.0)))


def test_a_range_is_kept_as_written() -> None:
    axis = {"mode": "range", "start": 1, "stop_incl": 2.0, "step": 0.5}
    template = parsed(WINDOW, axis).template

    assert template is not None
    assert template.indicator_grids[0].params["window"] == RangeAxis(1, 2.0, 0.5)


def test_one_answer_tells_shape_and_catalog_problems() -> None:
    body = changed("top_k", 0)
    body["template"]["indicator_grids"] = [
        {"indicator_id": "ma.magic"},
        {"indicator_id": "ma.sma", "params": {"window": {"mode": "explicit", "values": [1]}}},
        {"indicator_id": "ma.sma", "params": {"window": 5}},
        5,
    ]
    body["template"]["signal_grids"] = {"ma.magic": {}, "momentum.rsi": {}}
    body["template"]["risk_grid"] = {"sl_enabled": True}

    assert spots(body) == [
        ("body.template.indicator_grids.0.indicator_id", "unknown_indicator"),
        ("body.template.indicator_grids.1.params.window.values.0", "greater_than_equal"),
        ("body.template.indicator_grids.2.indicator_id", "duplicate_indicator"),
        ("body.template.indicator_grids.2.params.window", "model_attributes_type"),
        ("body.template.indicator_grids.3", "model_type"),
        ("body.template.risk_grid.sl", "required"),
        ("body.template.signal_grids.ma.magic", "unknown_indicator"),
        ("body.top_k", "greater_than"),
    ]


@pytest.mark.parametrize("body", [None, 5, "x", [], True])
def test_a_body_that_is_not_an_object(body: object) -> None:
    assert spots(body) == [("body", "model_type")]


@pytest.mark.parametrize(
    "noise",
    [
        {"template": []},
        {"template": {"indicator_grids": [None, {"params": []}], "signal_grids": {"a": 5}}},
        {"overrides": 5, "strategy_id": 5},
        {"template": {"risk_grid": {"sl": {"mode": "range"}}}},
    ],
)
def test_salvage_survives_any_shape(noise: dict[str, Any]) -> None:
    assert spots({**noise, "time_range": GOOD["time_range"]})


def test_a_parameter_may_have_the_name_of_a_mode() -> None:
    body = copy.deepcopy(GOOD)
    body["template"]["indicator_grids"][0]["params"] = {
        "explicit": {"mode": "explicit", "values": [None]},
        "mode": {"mode": "explicit", "values": [None]},
    }

    assert spots(body) == [
        ("body.template.indicator_grids.0.params.explicit.values.0", "axis_value_type"),
        ("body.template.indicator_grids.0.params.mode.values.0", "axis_value_type"),
    ]


@pytest.mark.parametrize("member", ["init_cash_quote", "fixed_quote"])
@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (0, "greater_than"),
        (1e-316, "greater_than_equal"),
        (9.9e-10, "greater_than_equal"),
        (1e-9, None),
        (1e15, None),
    ],
)
def test_amounts_are_large_enough_to_keep_their_digits(
    member: str, amount: float, code: str | None
) -> None:
    body = {**GOOD, "template": {**GOOD["template"], "execution": {member: amount}}}

    if code is None:
        template = parse_request(body).template
        assert template is not None
        assert template.execution == {member: amount}
        return
    with pytest.raises(InvalidRequest) as caught:
        parse_request(body)
    (problem,) = caught.value.problems
    assert (problem.loc, problem.code) == (("template", "execution", member), code)
