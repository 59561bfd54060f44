import copy
from dataclasses import replace
from typing import Any

import pytest

from backtest.policy import Want
from backtest.result import RunResult
from backtest.types import Ranking, RankingMetric
from resolvers.hashes import engine_params_hash, grid_request_hash, spec_hash
from schema.graphql.run import read_run
from schema.parse import parse_request
from tests.faces import to_graphql
from tests.fakes import result_of

BODY: dict[str, Any] = {
    "time_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-02T00:00:00Z"},
    "template": {
        "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
        "timeframe": "15m",
        "indicator_grids": [
            {
                "indicator_id": "ma.sma",
                "params": {"window": {"mode": "explicit", "values": [5, 6]}},
            }
        ],
        "signal_grids": {"ma.sma": {"x": {"mode": "explicit", "values": [30]}}},
    },
    "top_k": 5,
}


def result(body: dict[str, Any]) -> RunResult:
    return result_of(parse_request(body), Want())


def respelled() -> dict[str, Any]:
    body = copy.deepcopy(BODY)
    body["time_range"] = {"end": "2024-01-02T03:00:00.0004+03:00", "start": "2024-01-01T00:00Z"}
    body["template"]["instrument_id"] = {"symbol": " btcusdt ", "market_id": 1.0}
    axis = {"mode": "range", "start": 5.0, "stop_incl": 6, "step": 1}
    body["template"]["indicator_grids"][0]["params"]["window"] = axis
    body["template"]["signal_grids"]["ma.sma"]["x"]["values"] = [30.0]
    body["template"]["execution"] = {"fee_pct": 0.075, "init_cash_quote": 10_000}
    body["top_k"] = 5.0
    return dict(reversed(body.items()))


def test_requests_that_mean_the_same_have_the_same_hashes() -> None:
    first, second = result(BODY), result(respelled())

    assert grid_request_hash(first) == grid_request_hash(second)
    assert engine_params_hash(first.settings) == engine_params_hash(second.settings)


def test_the_face_does_not_enter_the_hash() -> None:
    over_graphql, _ = read_run(to_graphql(BODY))

    assert grid_request_hash(result_of(over_graphql, Want())) == grid_request_hash(result(BODY))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("time_range/end", "2024-01-02T00:00:00.001Z"),
        ("template/timeframe", "1h"),
        ("template/direction_mode", "long-only"),
        ("template/execution", {"fee_pct": 0.08}),
        ("top_k", 6),
        ("ranking", {"primary_metric": "profit_factor"}),
        ("ranking", {"primary_metric": "sharpe"}),
        ("min_trades", 1),
    ],
)
def test_requests_that_differ_have_different_hashes(path: str, value: object) -> None:
    body = copy.deepcopy(BODY)
    *parents, last = path.split("/")
    target: Any = body
    for step in parents:
        target = target[step]
    target[last] = value

    assert grid_request_hash(result(body)) != grid_request_hash(result(BODY))


def test_settings_that_move_numbers_enter_the_engine_hash_and_the_range_does_not() -> None:
    settings = result(BODY).settings
    other = Ranking(secondary=RankingMetric.PROFIT_FACTOR)

    assert engine_params_hash(replace(settings, ranking=other)) != engine_params_hash(settings)
    assert engine_params_hash(replace(settings, warmup_bars=1)) != engine_params_hash(settings)
    assert engine_params_hash(replace(settings, top_k=1)) == engine_params_hash(settings)


def test_a_floor_on_trades_that_keeps_nothing_out_does_not_enter_the_hashes() -> None:
    none, floor = result(BODY), result({**BODY, "min_trades": 0})

    assert grid_request_hash(floor) == grid_request_hash(none)
    assert engine_params_hash(floor.settings) == engine_params_hash(none.settings)
    some = replace(none.settings, min_trades=1)
    assert engine_params_hash(some) != engine_params_hash(none.settings)


def test_the_order_of_keys_does_not_enter_the_spec_hash() -> None:
    assert spec_hash({"a": 1, "b": [1, 2]}) == spec_hash({"b": [1, 2], "a": 1})
    assert spec_hash({"a": [1, 2]}) != spec_hash({"a": [2, 1]})
