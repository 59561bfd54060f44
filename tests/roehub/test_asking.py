import json
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

import roehub


def test_words_become_the_body_of_a_request() -> None:
    body = roehub.request(
        instrument="bybit:spot:ETHUSDT",
        timeframe="1h",
        start=date(2024, 1, 1),
        end="2024-02-01T12:00:00+03:00",
        indicators={"ma.sma": {"window": range(5, 20, 5), "source": "close"}},
        signals={"momentum.rsi": {"long_threshold": np.arange(20, 35, 5)}},
        stop_loss=[1, 2.5],
        take_profit=None,
        ranking="profit_factor",
        top_k=3,
    )

    assert body == {
        "time_range": {
            "start": "2024-01-01T00:00:00+00:00",
            "end": "2024-02-01T12:00:00+03:00",
        },
        "ranking": {"primary_metric": "profit_factor"},
        "top_k": 3,
        "template": {
            "instrument_id": {"market_id": 3, "symbol": "ETHUSDT"},
            "timeframe": "1h",
            "indicator_grids": [
                {
                    "indicator_id": "ma.sma",
                    "source": {"mode": "explicit", "values": ["close"]},
                    "params": {"window": {"mode": "explicit", "values": [5, 10, 15]}},
                }
            ],
            "signal_grids": {
                "momentum.rsi": {"long_threshold": {"mode": "explicit", "values": [20, 25, 30]}}
            },
            "risk_grid": {
                "sl_enabled": True,
                "sl": {"mode": "explicit", "values": [1, 2.5]},
                "tp_enabled": False,
            },
        },
    }


def test_a_body_is_added_to_and_stays_as_it_was() -> None:
    body = {"top_k": 1, "template": {"timeframe": "1h"}}

    assert roehub.request(body, timeframe="4h", top_k=2) == {
        "top_k": 2,
        "template": {"timeframe": "4h"},
    }
    assert body == {"top_k": 1, "template": {"timeframe": "1h"}}


def test_a_misspelt_word_is_told_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"no 'time_frame'; did you mean timeframe"):
        roehub.request(time_frame="1h")


def test_an_unknown_market_is_told_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"'kraken:spot'; there are binance:spot, binance:futures"):
        roehub.request(instrument="kraken:spot:BTCUSDT")


@pytest.mark.parametrize(
    ("written", "values"),
    [
        (20, [20]),
        ([5, 10], [5, 10]),
        ((5, 10), [5, 10]),
        (range(5, 20, 5), [5, 10, 15]),
        (np.int64(5), [5]),
        (np.array(5), [5]),
        (np.arange(5, 20, 5), [5, 10, 15]),
        (np.linspace(5, 20, 4), [5, 10, 15, 20]),
        (np.linspace(5, 20, 4, dtype="float32"), [5, 10, 15, 20]),
        (pd.Index([5, 6]), [5, 6]),
        (pd.Series([5, 6], index=[7, 8]), [5, 6]),
        ({"mode": "range", "start": 5, "stop_incl": 20, "step": 5}, None),
    ],
    ids=str,
)
def test_an_axis_is_written_as_people_write_them(written: object, values: list[int] | None) -> None:
    (grid,) = roehub.request(indicators={"ma.ema": {"window": written}})["template"][
        "indicator_grids"
    ]

    told = grid["params"]["window"]
    assert told == (written if values is None else {"mode": "explicit", "values": values})
    assert values is None or [type(value) for value in told["values"]] == [int] * len(values)


def test_steps_of_an_array_leave_no_digits_behind() -> None:
    body = roehub.request(stop_loss=np.arange(0.1, 0.5, 0.1), take_profit=0.1 + 0.2)

    assert body["template"]["risk_grid"]["sl"]["values"] == [0.1, 0.2, 0.3, 0.4]
    assert body["template"]["risk_grid"]["tp"]["values"] == [0.1 + 0.2]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (range(5, 5), r"needs at least one value, and range\(5, 5\) is empty"),
        ([], r"needs at least one value, and \[\] is empty"),
        (True, "takes numbers, .* was True"),
        ([5, True], "takes numbers, .* was True"),
        (np.array([True]), "takes numbers, .* was True"),
        (None, "takes numbers, .* was None"),
        (float("nan"), "takes numbers, .* was nan"),
        ([[5, 6]], r"takes numbers, .* was \[5, 6\]"),
        (np.ones((2, 2)), "takes numbers"),
        ({5, 6}, "has an order, and a set has none"),
    ],
    ids=str,
)
def test_what_is_no_axis_is_told(values: object, told: str) -> None:
    with pytest.raises(ValueError, match=f"window of ma.ema {told}"):
        roehub.request(indicators={"ma.ema": {"window": values}})


@pytest.mark.parametrize("written", [["ma.ema"], "ma.ema", {"ma.ema": {}}, {"MA.EMA": None}])
def test_axes_that_are_left_out_are_left_to_the_defaults(written: object) -> None:
    body = roehub.request(indicators=written)

    assert body["template"]["indicator_grids"] == [{"indicator_id": "ma.ema"}]


def test_the_end_of_an_id_is_enough_where_no_other_ends_like_it() -> None:
    body = roehub.request(
        indicators={"rsi": {"window": 14}}, signals={"rsi": {"long_threshold": 30}}
    )

    assert body["template"]["indicator_grids"][0]["indicator_id"] == "momentum.rsi"
    assert list(body["template"]["signal_grids"]) == ["momentum.rsi"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"indicators": "ema"}, "'ema'; did you mean ma.ema or cross.ema?"),
        ({"indicators": "emaa"}, "'emaa'; did you mean ma.ema or cross.ema"),
        ({"indicators": "ma.smma"}, "'ma.smma'; did you mean ma.sma"),
        ({"indicators": "xyz"}, "'xyz'; docs/indicators.md lists all"),
        ({"indicators": 5}, "must be written like"),
        ({"indicators": {"ma.ema": 5}}, "must be written like"),
        ({"indicators": {"ma.ema": {"windw": 5}}}, "did you mean window?"),
        ({"indicators": {"rsi": {"long_threshold": 5}}}, "write signals={'momentum.rsi'"),
        ({"signals": {"rsi": {"long_treshold": 5}}}, "did you mean long_threshold"),
        ({"signals": {"ma.ema": {"x": 5}}}, "the signal of ma.ema has no 'x'"),
        ({"instrument": "BTCUSDT"}, "written like 'binance:spot:BTCUSDT'.*was 'BTCUSDT'"),
        ({"instrument": "binance:spot:"}, "written like 'binance:spot:BTCUSDT'"),
        ({"instrument": None}, "written like 'binance:spot:BTCUSDT'"),
        ({"start": "yesterday"}, "start must be written like '2024-01-31'.*was 'yesterday'"),
        ({"end": 5}, "end must be written like"),
        ({"end": pd.NaT}, "end must be written like"),
    ],
    ids=str,
)
def test_what_was_meant_is_told(words: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        roehub.request(**words)


def test_one_part_of_an_answer_needs_no_list() -> None:
    assert roehub.request(include="evidence") == {"include": ["evidence"]}


def test_times_of_every_kind_are_times() -> None:
    kinds = ["2024-01-01", date(2024, 1, 1), np.datetime64("2024-01-01"), pd.Timestamp(2024, 1, 1)]

    told = {roehub.request(start=kind)["time_range"]["start"] for kind in kinds}

    assert told == {"2024-01-01T00:00:00+00:00"}


def test_a_template_may_be_a_word_beside_its_members_in_any_order() -> None:
    template = {"timeframe": "1h", "execution": {"fee_pct": 0.0}}
    body = {"top_k": 3, "template": {"timeframe": "1d", "sizing_mode": "all_in"}}

    asked = roehub.request(body, timeframe="4h", template=template)

    assert asked == roehub.request(body, template=template, timeframe="4h")
    assert asked == {"top_k": 3, "template": {**template, "timeframe": "4h"}}
    assert template["timeframe"] == "1h"


def test_numbers_of_numpy_are_numbers_wherever_they_stand() -> None:
    asked = roehub.request(
        {"warmup_bars": np.int64(7)},
        top_k=np.int64(5),
        prior_trials=np.array([2, 3]).sum(),
        execution={"fee_pct": np.float32(0.1)},
        ranking={"primary_metric": "sharpe", "min_trades": np.uint8(3)},
    )

    assert json.loads(json.dumps(asked)) == {
        "warmup_bars": 7,
        "top_k": 5,
        "prior_trials": 5,
        "ranking": {"primary_metric": "sharpe", "min_trades": 3},
        "template": {"execution": {"fee_pct": 0.1}},
    }


@pytest.mark.parametrize("word", ["indicators", "signals"])
@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([{"indicator_id": "ma.ema"}], "must be written like"),
        ([["ma.ema"]], "must be written like"),
        (["rsi", "rsi"], "must name each indicator once"),
    ],
)
def test_a_list_that_names_no_indicators_is_told(word: str, written: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        roehub.request(**{word: written})


def test_null_is_as_good_as_nothing() -> None:
    body = {"template": None, "time_range": None}

    asked = roehub.request(body, timeframe="1h", start="2024-01-01", top_k=3)

    assert asked == roehub.request(timeframe="1h", start="2024-01-01", top_k=3)
    assert roehub.request(body) == body


@pytest.mark.parametrize("written", [UUID(int=7), str(UUID(int=7))])
def test_a_strategy_is_named_by_its_id_however_it_is_written(written: UUID | str) -> None:
    assert roehub.request(strategy_id=written) == {"strategy_id": str(UUID(int=7))}
