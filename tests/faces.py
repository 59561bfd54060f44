"""The two faces of the service, asked the same things in the spelling of REST."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.testclient import TestClient
from strawberry.utils.str_converters import to_camel_case, to_snake_case

from backtest.types import DirectionMode, RankingMetric, SizingMode, Timeframe
from resolvers.service import BacktestService, UseCase
from tests.bff.doubles import client, services, serving, token
from tests.fakes import POLICY, FakeDefaults

Request = Mapping[str, Any]
Spot = tuple[str, str]

ENUMS = (Timeframe, DirectionMode, SizingMode, RankingMetric)
ENUM_FIELDS = {"timeframe", "direction_mode", "sizing_mode", "primary_metric", "secondary_metric"}
AXIS_FIELDS = {"source", "sl", "tp"}
RUN_FIELDS = {
    "time_range",
    "warmup_bars",
    "top_k",
    "preselect",
    "top_trades_n",
    "ranking",
    "min_trades",
    "distinct",
    "prior_trials",
}
# What nobody asked for is null over REST, and not selected over GraphQL.
BESIDE = ("evidence", "landscape", "receipt")
# Where GraphQL writes the name of an entry that is a key over REST.
NAMES = ((["params"], "name"), (["signalGrids"], "indicatorId"))
ANSWER_FIELDS = """
mode strategyId instrumentId { marketId symbol } timeframe warmupBars topK preselect topTradesN
specHash gridRequestHash engineParamsHash stageAVariants stageBVariants targetBars
variants { variantIndex variantKey indicatorVariantKey totalReturnPct
  ranking { primary { metric value infinite } secondary { metric value infinite } }
  sameAs { nOthers axes { indicatorId name values } }
  payload { directionMode sizingMode risk { slEnabled slPct tpEnabled tpPct } } }
"""
RUN = (
    f"mutation Run($input: RunBacktestInput!){{ runBacktest(input: $input) {{ {ANSWER_FIELDS} }} }}"
)


class Face(Protocol):
    """One way to ask for a run; places are told without the steps of one spelling alone."""

    def run(self, request: Request) -> dict[str, Any]:
        """The answer, with the keys and words of REST."""
        ...

    def problems(self, request: Request) -> tuple[str, set[Spot]]:
        """The error's code and the set of (path without its root, code) it tells."""
        ...


@dataclass
class RestFace:
    client: TestClient
    headers: dict[str, str]

    def run(self, request: Request) -> dict[str, Any]:
        response = self.client.post("/backtests", json=request, headers=self.headers)
        assert response.status_code == 200, response.text
        return only_asked_for(response.json())

    def problems(self, request: Request) -> tuple[str, set[Spot]]:
        response = self.client.post("/backtests", json=request, headers=self.headers)
        error = response.json()["error"]
        items = error["details"].get("errors", ())
        return error["code"], {(plain_path(item["path"]), item["code"]) for item in items}


@dataclass
class GraphqlFace:
    client: TestClient
    headers: dict[str, str]

    def ask(self, query: str, variables: Request | None = None, **headers: str) -> Any:
        body = {"query": query, "variables": variables}
        return self.client.post("/graphql", json=body, headers={**self.headers, **headers})

    def run(self, request: Request) -> dict[str, Any]:
        answer = self.ask(RUN, {"input": to_graphql(request)}).json()
        assert "errors" not in answer, json.dumps(answer)
        return to_rest_words(answer["data"]["runBacktest"])

    def problems(self, request: Request) -> tuple[str, set[Spot]]:
        sent = to_graphql(request)
        (error,) = self.ask(RUN, {"input": sent}).json()["errors"]
        told = error["extensions"]
        items = told["details"].get("errors", ())
        return told["code"], {(rest_path(item["path"], sent), item["code"]) for item in items}


def only_asked_for(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer over REST without the members that are null because nobody asked for them."""
    for variant in answer["variants"]:
        if variant["intrabar"] is None:
            del variant["intrabar"]
    return {k: v for k, v in answer.items() if k not in BESIDE or v is not None}


def built_service(use_case: UseCase) -> BacktestService:
    """The real service around a use-case."""
    return BacktestService(backtester=use_case, defaults=FakeDefaults(), policy=POLICY)


@contextmanager
def opened(
    use_case: UseCase, environ: dict[str, str] | None = None
) -> Iterator[tuple[RestFace, GraphqlFace]]:
    built = serving(services(environ=environ), built_service(use_case))
    headers = {"Authorization": f"Bearer {token(built)}"}
    with client(built) as test_client:
        yield RestFace(test_client, headers), GraphqlFace(test_client, headers)


def to_graphql(request: Request) -> dict[str, Any]:
    """A REST body as a `RunBacktestInput`; whatever is malformed stays as it is."""
    body = dict(request)
    settings = {key: body.pop(key) for key in list(body) if key in RUN_FIELDS}
    if "strategy_id" in body:
        return {"saved": _members({**settings, **body})}
    template = body.pop("template", None)
    if not isinstance(template, dict):
        return {} if template is None else {"template": template}
    return {"template": _members({**settings, **template, **body})}


def _members(block: Request) -> dict[str, Any]:
    return {to_camel_case(name): _value(name, value) for name, value in block.items()}


def _value(name: str, value: Any) -> Any:
    if name in ENUM_FIELDS:
        return _word(name, value)
    if name in AXIS_FIELDS:
        return _axis(value)
    if name == "params":
        return _axes(value)
    if name == "signal_grids" and isinstance(value, dict):
        return [{"indicatorId": key, "params": _axes(axes)} for key, axes in value.items()]
    if name == "indicator_grids" and isinstance(value, list):
        return [_members(item) if isinstance(item, dict) else item for item in value]
    return _members(value) if isinstance(value, dict) else value


def _word(field: str, value: Any) -> Any:
    kinds = {"timeframe": Timeframe, "direction_mode": DirectionMode, "sizing_mode": SizingMode}
    kind = kinds.get(field, RankingMetric)
    found = [member.name for member in kind if member.value == value]
    return found[0] if found else value


def _axes(axes: Any) -> Any:
    if not isinstance(axes, dict):
        return axes
    return [{"name": name, "axis": _axis(axis)} for name, axis in axes.items()]


def _axis(axis: Any) -> Any:
    if not isinstance(axis, dict):
        return axis
    rest = {to_camel_case(name): value for name, value in axis.items() if name != "mode"}
    return {axis["mode"]: rest} if "mode" in axis else rest


def to_rest_words(value: Any, field: str = "") -> Any:
    """A GraphQL answer with the keys and enum values of REST."""
    if isinstance(value, dict):
        return {to_snake_case(key): to_rest_words(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [to_rest_words(item, field) for item in value]
    words = {member.name: member.value for kind in ENUMS for member in kind}
    words |= {"SAVED": "saved", "TEMPLATE": "template"}
    is_word = field in {"mode", "timeframe", "directionMode", "sizingMode"}
    if field == "metric":
        return words.get(value, value)
    return words[value] if is_word else value


def rest_path(path: str, sent: Any) -> str:
    """A GraphQL path as REST would write it: entries by name, without the steps of the spelling."""
    steps: list[str] = []
    value = sent
    written = path.split(".")[1:]
    for place, step in enumerate(written):
        value = _child(value, step)
        parents = written[max(0, place - 2) : place]
        if step == "params" and parents[:1] == ["signalGrids"]:
            continue
        if (parents[:1], step) in NAMES:
            continue
        is_entry = step.isdecimal() and isinstance(value, dict) and bool(parents)
        name = _entry_name(value, parents[-1]) if is_entry else None
        steps.append(name or to_snake_case(step))
    return plain_path(".".join(steps))


def plain_path(path: str) -> str:
    """A path without the steps that belong to one spelling alone."""
    only_rest, only_graphql = (
        {"body", "mode", "strategy_id"},
        {"saved", "axis", "explicit", "range"},
    )
    dropped = only_rest | only_graphql | {"template"}
    kept = [step for step in path.split(".") if step not in dropped]
    return ".".join(kept)


def _child(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None


def _entry_name(entry: Mapping[str, Any], parent: str) -> str | None:
    return entry.get({"params": "name", "signalGrids": "indicatorId"}.get(parent, ""))
