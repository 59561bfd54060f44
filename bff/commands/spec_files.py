"""What `strategies add` reads: the answer of a run, or a spec by itself.

See: docs/saved-strategies.md
"""

import json
from pathlib import Path
from typing import Any, NoReturn, cast

import typer

from backtest.markets import instrument_key, market_type
from backtest.request import Template
from bff.commands.expected import FAILED, reported_failures, stderr
from schema.strategy_from_variant import NoSuchVariant, spec_of_variant
from schema.strategy_spec import read_spec


def variant_spec(path: Path, position: int) -> dict[str, Any]:
    """The spec of one variant of an answer."""
    try:
        payload = spec_of_variant(_json_object(path), position)
    except NoSuchVariant as error:
        fail(str(error))
    _checked(payload)
    return payload


def completed_spec(path: Path) -> dict[str, Any]:
    """A given spec with the descriptive members that it may lack."""
    payload = _json_object(path)
    template = _checked(payload)
    instrument = template.instrument
    described: dict[str, Any] = {
        "instrument_key": instrument_key(instrument),
        "market_type": market_type(instrument.market_id),
        "symbol": instrument.symbol,
        "signal_template": " AND ".join(grid.indicator_id for grid in template.indicator_grids),
        "tags": [],
    }
    given = {name: value for name, value in payload.items() if value is not None}
    return described | given


def _checked(payload: dict[str, Any]) -> Template:
    with reported_failures():
        return read_spec(payload)


def _json_object(path: Path) -> dict[str, Any]:
    with reported_failures():
        content = path.read_bytes()
    if not content.strip():
        fail(f"{path} is empty")
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        fail(f"{path} is not JSON: {error}")
    if not isinstance(document, dict):
        fail(f"{path} must hold a JSON object")
    return cast("dict[str, Any]", document)


def fail(message: str) -> NoReturn:
    """End the command with a message."""
    stderr().print(message, style="bold red", markup=False)
    raise typer.Exit(FAILED)
