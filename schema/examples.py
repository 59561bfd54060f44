"""The examples of the README, of every page and of the OpenAPI document, in one place.

They ask for what `roehub-backtest demo` stores: a synthetic instrument, a user, a saved strategy.
`tests/e2e/test_examples.py` runs each of them as it is printed.
See: README.md
"""

from typing import Any, TypeAlias, cast
from uuid import UUID

from strawberry.utils.str_converters import to_camel_case

from backtest.enums import Timeframe

Json: TypeAlias = dict[str, Any]

USER = UUID("00000000-0000-4000-8000-000000000001")
STRATEGY = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
INSTRUMENT: Json = {"market_id": 1, "symbol": "DEMOUSDT"}
TIME_RANGE = {"start": "2024-02-01T00:00:00Z", "end": "2025-01-01T00:00:00Z"}

GRID: Json = {
    "time_range": TIME_RANGE,
    "top_k": 5,
    "template": {
        "instrument_id": INSTRUMENT,
        "timeframe": "4h",
        "indicator_grids": [
            {
                "indicator_id": "ma.ema",
                "params": {"window": {"mode": "range", "start": 10, "stop_incl": 200, "step": 10}},
            },
            {
                "indicator_id": "momentum.rsi",
                "params": {"window": {"mode": "explicit", "values": [28, 36]}},
            },
        ],
        "signal_grids": {
            "momentum.rsi": {
                "long_threshold": {"mode": "explicit", "values": [50, 55]},
                "short_threshold": {"mode": "explicit", "values": [48]},
            }
        },
        "risk_grid": {"sl_enabled": True, "sl": {"mode": "explicit", "values": [1, 2, 4]}},
    },
}

SAVED: Json = {
    "time_range": TIME_RANGE,
    "strategy_id": str(STRATEGY),
    "overrides": {"direction_mode": "long-only"},
}

_RUN = """mutation ($input: RunBacktestInput!) {
  runBacktest(input: $input) {
    gridRequestHash stageAVariants stageBVariants
    notes { message }
    variants {
      totalReturnPct
      payload { indicatorSelections { indicatorId params { name value } } }
      report { rows { metric value } }
    }
  }
}"""
_ESTIMATE = """query ($input: RunBacktestInput!) {
  estimateBacktest(input: $input) {
    stageAVariants stageBVariants targetBars estimatedBytes isAllowed refusal { error stage }
  }
}"""
_INDICATORS = """{
  indicators { id title params { name minimum maximum step } rule { family params { name } } }
}"""
_DEFAULTS = "{\n  runtimeDefaults { warmupBars topK fees { marketId feePct } }\n}"


def graphql_examples() -> dict[str, Json]:
    """Bodies of `POST /graphql` by their titles; the first one is `GRID` again.

    See: docs/console.md#graphiql (bff/pages.py shows them)
    """
    variables = {"input": graphql_input(GRID)}
    return {
        "Run a grid": {"query": _RUN, "variables": variables},
        "Estimate a grid": {"query": _ESTIMATE, "variables": variables},
        "List indicators": {"query": _INDICATORS, "variables": {}},
        "Defaults": {"query": _DEFAULTS, "variables": {}},
    }


def graphql_input(request: Json) -> Json:
    """A REST request with a template as a `RunBacktestInput`: camelCase, and maps as lists.

    See: docs/graphql.md#what-is-spelled-differently-from-rest
    """
    template = request["template"]
    run = {
        **{name: value for name, value in request.items() if name != "template"},
        "instrument_id": _camel(template["instrument_id"]),
        "timeframe": Timeframe(template["timeframe"]).name,
        "indicator_grids": [_indicator_grid(grid) for grid in template["indicator_grids"]],
        "signal_grids": [
            {"indicatorId": indicator_id, "params": _named(axes)}
            for indicator_id, axes in template["signal_grids"].items()
        ],
        "risk_grid": _camel(template["risk_grid"]),
    }
    return {"template": _camel(run)}


def _indicator_grid(grid: Json) -> Json:
    return _camel({**grid, "params": _named(grid["params"])})


def _named(axes: Json) -> list[Json]:
    return [{"name": name, "axis": _axis(axis)} for name, axis in axes.items()]


def _camel(members: Json) -> Json:
    return {to_camel_case(name): _axis(value) for name, value in members.items()}


def _axis(value: Any) -> Any:
    """An axis as GraphQL has it; anything else as it is."""
    if not isinstance(value, dict) or "mode" not in value:
        return cast("Any", value)
    axis = cast("Json", value)
    members = {name: member for name, member in axis.items() if name != "mode"}
    return {axis["mode"]: _camel(members)}
