"""`verify`: run an answer's receipt again, and say whether the same comes out.

See: docs/receipt.md
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bff.commands.expected import FAILED, built, configured, reported_failures, stderr

if TYPE_CHECKING:
    from backtest.enums import AnswerPart
    from bff.wiring import Services
    from schema.receipt import Receipt
    from schema.response import BacktestResponse

_LAYERS = {
    "request": "request_sha256",
    "candles": "candles_sha256",
    "engine": "engine_semantics",
    "result": "result_sha256",
}
# Exit codes by what differs first.
DIFFERS = {
    "receipt": 10,
    "request": 11,
    "candles": 12,
    "engine": 13,
    "result": 14,
    "evidence": 15,
    "landscape": 16,
}
# A layer, and what is wrong with it.
_Difference = tuple[str, str]
_SPELLED_ALIKE = {
    "variant_index",
    "variant_key",
    "indicator_variant_key",
    "total_return_pct",
    "payload",
}


def verify(
    answer: Annotated[Path, typer.Argument(help="A file with an answer that has a receipt.")],
) -> None:
    """Re-run the receipt of an answer. Prints "same", or the first layer that differs."""
    with reported_failures():
        found = _read(answer)
        receipt = _receipt_of(found)
        services = built(configured())
        try:
            again = _run_again(services, receipt["request"], _parts(found))
        finally:
            services.close()
    first = next(_differences(found, receipt, again), None)
    if first is not None:
        layer, text = first
        typer.echo(f"differs: {layer}: {text}")
        raise typer.Exit(DIFFERS[layer])
    typer.echo(f"same: {receipt['sha256']}")


def _read(path: Path) -> dict[str, Any]:
    """The run in an answer of either face, in the words of REST."""
    from schema.graphql.answer import is_graphql, run_of

    try:
        document: object = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _fail(f"{path} is not JSON: {error}") from None
    if isinstance(document, dict):
        answer = cast("dict[str, Any]", document)
        found = run_of(answer) if is_graphql(answer) and "variants" not in answer else answer
        if found is not None and _are_objects(found.get("variants") or []):
            return found if found is answer else _comparable(found)
    raise _fail(f"{path} does not hold the answer to a run")


def _are_objects(variants: object) -> bool:
    listed = cast("list[object]", variants) if isinstance(variants, list) else [variants]
    return all(isinstance(variant, dict) for variant in listed)


def _comparable(found: dict[str, Any]) -> dict[str, Any]:
    """A run that was told over GraphQL, with the members that are spelled as over REST."""
    from backtest.enums import AnswerPart

    spelled = {name: value for name, value in found.items() if name != AnswerPart.LANDSCAPE}
    listed = found.get("variants")
    variants = cast("list[dict[str, Any]]", listed if isinstance(listed, list) else [])
    return spelled | {
        "variants": [{k: v for k, v in one.items() if k in _SPELLED_ALIKE} for one in variants]
    }


def _parts(found: Mapping[str, Any]) -> "frozenset[AnswerPart]":
    """What the run has to tell again, so that it can be compared."""
    from backtest.enums import AnswerPart

    listed = found.get("variants")
    variants = cast("list[dict[str, Any]]", listed if isinstance(listed, list) else [])
    members = {name for one in (found, *variants) for name, value in one.items() if value}
    return frozenset(
        part for part in AnswerPart if part is AnswerPart.RECEIPT or part.value in members
    )


def _receipt_of(found: Mapping[str, Any]) -> dict[str, Any]:
    receipt = found.get("receipt")
    wanted = ("sha256", "request", *_LAYERS.values())
    if not isinstance(receipt, dict):
        raise _fail('the answer has no receipt; ask for it with include: ["receipt"]')
    missing = [name for name in wanted if name not in receipt]
    if missing:
        raise _fail(f"the receipt is missing {', '.join(missing)}; select all its fields")
    return cast("dict[str, Any]", receipt)


def _run_again(
    services: "Services", request: object, parts: "frozenset[AnswerPart]"
) -> "BacktestResponse":
    from dataclasses import replace

    from backtest.control import Control
    from bff.commands.run import NOBODY
    from schema.parse import parse_request

    asked = replace(parse_request(request), parts=parts)
    control = Control(services.deadline_s)
    return services.service.run(asked, user_id=NOBODY, control=control)


def _differences(
    found: Mapping[str, Any], receipt: Mapping[str, Any], again: "BacktestResponse"
) -> Iterator[_Difference]:
    """What went in, in the order of the layers; then what came out, as far as both tell it."""
    from backtest.enums import AnswerPart
    from schema.response import to_json

    yield from _edited(receipt)
    yield from _layers(receipt, again)
    now = json.loads(to_json(again))
    for layer, name in (
        ("result", "variants"),
        ("result", "data"),
        ("result", "notes"),
        ("evidence", AnswerPart.EVIDENCE.value),
        ("landscape", AnswerPart.LANDSCAPE.value),
    ):
        if found.get(name) is not None:
            yield from ((layer, text) for text in _members(name, found[name], now.get(name)))


def _edited(receipt: Mapping[str, Any]) -> Iterator[_Difference]:
    """What is wrong with a receipt that does not add up."""
    from backtest.identity import canonical_json, sha256_hex

    layers = {layer: receipt[member] for layer, member in _LAYERS.items()}
    summed = sha256_hex(canonical_json(layers))
    if summed != receipt["sha256"]:
        text = f"its layers hash to {summed}, but it says {receipt['sha256']}: it was edited"
        yield "receipt", text


def _layers(receipt: Mapping[str, Any], again: "BacktestResponse") -> Iterator[_Difference]:
    made: Receipt | None = again.receipt
    assert made is not None
    for layer, member in _LAYERS.items():
        recorded, now = receipt[member], getattr(made, member)
        if recorded != now:
            yield layer, f"the answer says {recorded}, this run gives {now}"


def _members(path: str, recorded: object, now: object) -> Iterator[str]:
    """Where two values differ; of objects, the members that both have."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        members, others = cast("dict[str, Any]", recorded), cast("dict[str, Any]", now)
        for name in (name for name in members if name in others):
            yield from _members(f"{path}.{name}", members[name], others[name])
    elif isinstance(recorded, list) and isinstance(now, list):
        items, others_ = cast("list[Any]", recorded), cast("list[Any]", now)
        if len(items) != len(others_):
            yield f"entries in {path}: the answer says {len(items)}, this run gives {len(others_)}"
        for place, (one, other) in enumerate(zip(items, others_, strict=False)):
            yield from _members(f"{path}.{place}", one, other)
    elif recorded != now:
        yield f"{path}: the answer says {json.dumps(recorded)}, this run gives {json.dumps(now)}"


def _fail(message: str) -> typer.Exit:
    stderr().print(message, style="bold red", markup=False)
    return typer.Exit(FAILED)
