"""A GraphQL answer in the words of REST: what was renamed for GraphQL is named back.

See: docs/graphql.md#what-is-spelled-differently-from-rest
"""

from collections.abc import Mapping
from typing import Any, cast

from strawberry.utils.str_converters import to_camel_case, to_snake_case

from schema.enums import (
    DirectionMode,
    ExitReason,
    RankingMetric,
    RunMode,
    SizingMode,
    Timeframe,
    TradeDirection,
)

SELECTION = """\
instrumentId { marketId symbol } timeframe
variants { payload {
  indicatorSelections { indicatorId inputs { name value } params { name value } }
  signals { indicatorId params { name value } }
  risk { slEnabled slPct tpEnabled tpPct }
  execution { initCashQuote fixedQuote safeProfitPercent feePct slippagePct }
  directionMode sizingMode
} }"""

_ENUMS = {
    "mode": RunMode,
    "timeframe": Timeframe,
    "directionMode": DirectionMode,
    "sizingMode": SizingMode,
    "direction": TradeDirection,
    "exitReason": ExitReason,
    "metric": RankingMetric,
}
# Members that are maps over REST: where an entry says its key, and where its value.
_MAPS = {
    "inputs": ("name", "value"),
    "params": ("name", "value"),
    "metrics": ("metric", "value"),
    "reasons": ("name", "reason"),
}


def is_graphql(answer: Mapping[str, Any]) -> bool:
    """Whether it is the answer to a document, which holds a run in its `data`; a run has one too.

    See: docs/graphql.md
    """
    return "data" in answer and "variants" not in answer


def run_of(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The run in an answer, by whatever alias, in the words of REST; None where there is none.

    Only members that were selected are there.

    See: docs/graphql.md
    """
    data: object = answer.get("data")
    fields = cast("dict[str, object]", data if isinstance(data, dict) else {})
    runs = (value for value in fields.values() if _has(value, "variants"))
    run = next(runs, fields.get("runBacktest"))
    found = _to_rest("", run)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def graphql_place(place: str) -> str:
    """A place in the words of REST as a document selects it.

    See: docs/graphql.md
    """
    return ".".join(to_camel_case(step) for step in place.split(".") if not step.isdecimal())


def _to_rest(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        members = cast("Mapping[str, object]", value)
        return {to_snake_case(key): _to_rest(key, member) for key, member in members.items()}
    if name in _ENUMS:
        return _word(name, value)
    if isinstance(value, list):
        return _to_map_or_list(name, cast("list[object]", value))
    return value


def _to_map_or_list(name: str, items: list[object]) -> object:
    if name in _MAPS and all(_has(item, *_MAPS[name]) for item in items):
        key, value = _MAPS[name]
        return {item[key]: item[value] for item in cast("list[dict[str, Any]]", items)}
    if name == "signals" and all(_has(item, "indicatorId", "params") for item in items):
        entries = cast("list[dict[str, Any]]", items)
        return {item["indicatorId"]: _to_rest("params", item["params"]) for item in entries}
    return [_to_rest("", item) for item in items]


def _has(item: object, *names: str) -> bool:
    return isinstance(item, Mapping) and all(name in item for name in names)


def _word(name: str, value: object) -> object:
    """The word that REST uses for a name of an enum; anything else as it is."""
    return next((member.value for member in _ENUMS[name] if member.name == value), value)
