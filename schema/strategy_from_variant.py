"""From a returned variant to the spec of a saved strategy.

The spec names every value that the run used, so that no later change of a default can change what
the strategy means: running it saved gives the total return that the variant was returned with.
"""

from collections.abc import Mapping
from typing import Any, cast

from backtest.markets import instrument_key, market_type
from backtest.types import Instrument

SPEC_KIND = "roehub.strategy.v1"


class NoSuchVariant(Exception):
    """The response has no variant at this position, or is no response at all."""


def spec_of_variant(response: Mapping[str, Any], position: int) -> dict[str, Any]:
    """The spec payload of one variant of a response.

    Args:
        response: The body of a successful run, as JSON.
        position: Of the variant in `variants`, from 0.

    Raises:
        NoSuchVariant: Says what is missing.
    """
    try:
        variants: list[Mapping[str, Any]] = list(response["variants"])
        if not 0 <= position < len(variants):
            raise NoSuchVariant(
                f"the response has {len(variants)} variants, counted from 0; was {position}"
            )
        return _spec(response, variants[position]["payload"])
    except (KeyError, TypeError, AttributeError) as error:
        raise NoSuchVariant(f"this is not the response of a run: {error!r} is missing") from error


def _spec(response: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    instrument = Instrument(
        market_id=int(response["instrument_id"]["market_id"]),
        symbol=str(response["instrument_id"]["symbol"]),
    )
    selections = cast("list[dict[str, Any]]", payload["indicator_selections"])
    identifiers = [str(selection["indicator_id"]) for selection in selections]
    return {
        "spec_kind": SPEC_KIND,
        "schema_version": 1,
        "instrument_id": {"market_id": instrument.market_id, "symbol": instrument.symbol},
        "instrument_key": instrument_key(instrument),
        "market_type": market_type(instrument.market_id),
        "symbol": instrument.symbol,
        "timeframe": str(response["timeframe"]),
        "signal_template": " AND ".join(identifiers),
        "indicators": [_indicator(selection) for selection in selections],
        "tags": [],
        "direction_mode": payload["direction_mode"],
        "sizing_mode": payload["sizing_mode"],
        "execution": payload["execution"],
        "risk": payload["risk"],
        "signal_grids": payload["signals"],
    }


def _indicator(selection: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": selection["indicator_id"],
        "inputs": selection["inputs"],
        "params": selection["params"],
    }


def default_name(spec: Mapping[str, Any]) -> str:
    """What a strategy is called when nobody named it: `BTCUSDT 15m ma.sma AND momentum.rsi`."""
    return f"{spec['symbol']} {spec['timeframe']} {spec['signal_template']}"
