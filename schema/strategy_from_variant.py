"""From a returned variant to the spec of a saved strategy.

The spec names every value that the run used, so that no later change of a default can change what
the strategy means: running it saved gives the total return that the variant was returned with.
Answers of both faces are read; `schema/graphql/answer.py` puts those of GraphQL into the words of
REST.
See: docs/saved-strategies.md
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from backtest.markets import instrument_key, market_type
from backtest.types import Instrument
from schema.enums import Timeframe
from schema.graphql.answer import SELECTION, graphql_place, is_graphql, run_of
from schema.response import Instrument as InstrumentId
from schema.response import Payload

SPEC_KIND = "roehub.strategy.v1"
MAX_LISTED = 10


class NoSuchVariant(Exception):
    """The response has no such variant, holds no run or too little of one.

    See: docs/saved-strategies.md
    """


class _Needed(BaseModel):
    """What a spec is made from."""

    instrument_id: InstrumentId
    timeframe: Timeframe
    payload: Payload


def spec_of_variant(answer: Mapping[str, Any], position: int) -> dict[str, Any]:
    """The spec payload of one variant of an answer.

    Args:
        answer: The body of a successful run over REST or GraphQL, as JSON.
        position: Of the variant in `variants`, from 0.

    Raises:
        NoSuchVariant: Says what is missing, and what to select where it is a GraphQL answer.

    See: docs/saved-strategies.md
    """
    _refuse_errors(answer)
    is_document = is_graphql(answer)
    run = run_of(answer) if is_document else answer
    if run is None:
        raise NoSuchVariant("the GraphQL response contains no run: select runBacktest")
    variant = _variant(run, position, is_document=is_document)
    return _spec(_needed({**run, **variant}, is_document=is_document))


def _refuse_errors(answer: Mapping[str, Any]) -> None:
    errors: object = answer.get("errors")
    listed = cast("list[object]", errors if isinstance(errors, list) else [])
    error = next(iter(listed), answer.get("error"))
    if isinstance(error, Mapping):
        message = cast("Mapping[str, object]", error).get("message", "it does not say why")
        raise NoSuchVariant(f"this is the response to a run that was refused: {message}")


def _variant(run: Mapping[str, Any], position: int, *, is_document: bool) -> Mapping[str, Any]:
    variants = run.get("variants")
    if not isinstance(variants, list):
        raise NoSuchVariant(_lacking(["variants"], is_document=is_document))
    found = cast("list[object]", variants)
    if not 0 <= position < len(found):
        raise NoSuchVariant(
            f"there is no variant {position}, counted from 0; variants in the response:"
            f" {len(found)}"
        )
    variant = found[position]
    return cast("Mapping[str, Any]", variant) if isinstance(variant, Mapping) else {}


def _needed(found: Mapping[str, Any], *, is_document: bool) -> _Needed:
    try:
        # As JSON, because there texts may become enums and yet a text is not taken for a number.
        return _Needed.model_validate_json(json.dumps(found), strict=True)
    except ValidationError as error:
        problems = error.errors()
    # A list where a map should be is one whose names or values were not selected.
    lacking = {"missing", "dict_type"} if is_document else {"missing"}
    missing = [_place(problem["loc"]) for problem in problems if problem["type"] in lacking]
    if missing:
        raise NoSuchVariant(_lacking(missing, is_document=is_document))
    wrong = "; ".join(
        f"{_place(item['loc'])}: {item['msg']}".removeprefix(": ") for item in problems[:MAX_LISTED]
    )
    raise NoSuchVariant(f"this is not the response of a run: {wrong}")


def _place(loc: tuple[str | int, ...]) -> str:
    root = ("variants",) if loc[:1] == ("payload",) else ()
    return ".".join(map(str, (*root, *loc)))


def _lacking(places: list[str], *, is_document: bool) -> str:
    if is_document:
        listed = ", ".join(dict.fromkeys(map(graphql_place, places[:MAX_LISTED])))
        return f"the GraphQL response lacks {listed}; select at least\n{SELECTION}"
    return f"this is not the response of a run; missing: {', '.join(places[:MAX_LISTED])}"


def _spec(needed: _Needed) -> dict[str, Any]:
    instrument = Instrument(
        market_id=needed.instrument_id.market_id, symbol=needed.instrument_id.symbol
    )
    payload = needed.payload.model_dump(mode="json")
    selections = cast("list[dict[str, Any]]", payload["indicator_selections"])
    return {
        "spec_kind": SPEC_KIND,
        "schema_version": 1,
        "instrument_id": {"market_id": instrument.market_id, "symbol": instrument.symbol},
        "instrument_key": instrument_key(instrument),
        "market_type": market_type(instrument.market_id),
        "symbol": instrument.symbol,
        "timeframe": needed.timeframe.value,
        "signal_template": " AND ".join(str(item["indicator_id"]) for item in selections),
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
    """What a strategy is called when nobody named it: `BTCUSDT 15m ma.sma AND momentum.rsi`.

    See: docs/saved-strategies.md
    """
    return f"{spec['symbol']} {spec['timeframe']} {spec['signal_template']}"
