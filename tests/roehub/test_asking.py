from datetime import date

import numpy as np
import pytest

import roehub


def test_words_become_the_body_of_a_request() -> None:
    body = roehub.request(
        instrument="bybit:spot:ETHUSDT",
        timeframe="1h",
        start=date(2024, 1, 1),
        end="2024-02-01T12:00:00+03:00",
        indicators={"ma.sma": {"window": range(5, 20, 5), "source": "close"}},
        signals={"momentum.rsi": {"long_below": np.arange(20, 35, 5)}},
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
                "momentum.rsi": {"long_below": {"mode": "explicit", "values": [20, 25, 30]}}
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


def test_an_empty_axis_is_told() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        roehub.request(stop_loss=range(5, 5))
