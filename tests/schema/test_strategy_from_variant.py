from typing import Any

import pytest

from backtest.axes import axis_values
from schema.strategy_from_variant import NoSuchVariant, default_name, spec_of_variant
from schema.strategy_spec import read_spec

RESPONSE: dict[str, Any] = {
    "instrument_id": {"market_id": 2, "symbol": "BTCUSDT"},
    "timeframe": "15m",
    "variants": [
        {
            "payload": {
                "indicator_selections": [
                    {
                        "indicator_id": "momentum.rsi",
                        "inputs": {"source": "close"},
                        "params": {"window": 14},
                    }
                ],
                "signals": {"momentum.rsi": {"long_threshold": 30, "short_threshold": 70.5}},
                "risk": {"sl_enabled": True, "sl_pct": 3.0, "tp_enabled": False, "tp_pct": None},
                "execution": {
                    "init_cash_quote": 10000.0,
                    "fixed_quote": 100.0,
                    "safe_profit_percent": 30.0,
                    "fee_pct": 0.1,
                    "slippage_pct": 0.01,
                },
                "direction_mode": "long-only",
                "sizing_mode": "fixed_quote",
            }
        }
    ],
}


def test_a_variant_becomes_a_spec_that_names_every_value() -> None:
    spec = spec_of_variant(RESPONSE, 0)

    payload = RESPONSE["variants"][0]["payload"]
    assert spec["spec_kind"] == "roehub.strategy.v1"
    assert spec["instrument_key"] == "binance:futures:BTCUSDT"
    assert spec["market_type"] == "futures"
    assert spec["execution"] == payload["execution"]
    assert spec["risk"] == payload["risk"]
    assert spec["signal_grids"] == payload["signals"]
    assert default_name(spec) == "BTCUSDT 15m momentum.rsi"


def test_the_spec_reads_back_as_the_same_single_variant() -> None:
    template = read_spec(spec_of_variant(RESPONSE, 0))

    (indicator,) = template.indicator_grids
    assert axis_values(indicator.params["window"]) == (14,)
    assert indicator.source is not None
    assert template.execution == RESPONSE["variants"][0]["payload"]["execution"]
    assert template.risk_grid.sl_enabled
    assert not template.risk_grid.tp_enabled
    assert axis_values(template.signal_grids["momentum.rsi"]["short_threshold"]) == (70.5,)
    assert (template.direction_mode, template.sizing_mode) == ("long-only", "fixed_quote")


@pytest.mark.parametrize(
    ("response", "position", "words"),
    [
        (RESPONSE, 1, "there is no variant 1, counted from 0; variants in the response: 1"),
        ({"error": {}}, 0, "a run that was refused"),
        ({"variants": [None]}, 0, "not the response"),
        ({"variants": 3}, 0, "not the response"),
        ({**RESPONSE, "timeframe": 15}, 0, "not the response of a run: timeframe"),
        ({**RESPONSE, "timeframe": "\ud800"}, 0, "not the response of a run: Invalid JSON"),
        ({"data": None}, 0, "contains no run"),
        ({"data": {"runBacktest": {"mode": "SAVED"}}}, 0, "lacks variants; select at least"),
        ({"data": {"runBacktest": {"variants": [{}]}}}, 0, r"lacks instrumentId, timeframe, v"),
    ],
)
def test_what_is_no_variant_says_why(response: Any, position: int, words: str) -> None:
    with pytest.raises(NoSuchVariant, match=words):
        spec_of_variant(response, position)
