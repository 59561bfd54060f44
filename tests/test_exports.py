"""What each package exports. A name that leaves this list breaks those who import it."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("fastapi", "llvmlite", "numba", "numpy", "pydantic", "starlette", "strawberry", "typer")

EXPORTS: dict[str, list[str]] = {
    "backtest": [
        "BacktestError",
        "Backtester",
        "Control",
        "RunPolicy",
        "RunRequest",
        "RunResult",
        "Want",
    ],
    "backtest.adapters": [],
    "backtest.adapters.archives": ["Wanted", "archives_of"],
    "backtest.adapters.candles": [
        "CachedCandles",
        "ClickHouseCandles",
        "ClickHousePool",
        "ClickHouseServer",
        "EmbeddedEngine",
    ],
    "backtest.adapters.ingest": ["check_file", "generate", "write_file"],
    "backtest.adapters.migrations": [],
    "backtest.adapters.strategies": ["SqlStrategies", "StrategyWriter"],
    "backtest.engine": ["Ranked", "Workers", "estimate_bytes", "rank_variants"],
    "backtest.engine.bits": [],
    "backtest.engine.blocks": [],
    "backtest.engine.cuda_device": [],
    "backtest.engine.limits": [],
    "backtest.engine.money": [],
    "backtest.engine.pipeline": [],
    "backtest.engine.scoring": [],
    "backtest.engine.selection": [],
    "backtest.engine.signal_rows": [],
    "backtest.engine.workers": [],
    "backtest.evidence": ["Evidence", "Verdict", "weigh", "without_ledger"],
    "backtest.evidence.cuda_device": [],
    "backtest.indicators": ["INDICATORS", "Indicator", "Rule", "RuleFamily", "Series"],
    "backtest.report": ["VariantReplay", "report_winners"],
    "backtest.signals": ["RulePlan", "RuleReader", "plan_rule"],
    "bff": ["Services", "build", "create_app"],
    "bff.admission": ["FairQueue", "MemoryBudget", "Quota", "RunPool"],
    "bff.commands": [],
    "bff.config": [
        "Env",
        "Environment",
        "Settings",
        "SettingsError",
        "YamlDefaults",
        "load_settings",
        "signing_secret",
    ],
    "bff.demo": [],
    "bff.graphql": ["GRAPHQL_PATH", "graphql_router"],
    "bff.http": [
        "Authenticator",
        "BodyReader",
        "Caller",
        "Code",
        "JsonLimits",
        "RequestLog",
        "RoehubError",
        "issue_token",
        "parse_json",
        "to_roehub",
    ],
    "bff.runner": ["LocalRunner", "Runner", "RunnerProcess", "serve_calls"],
    "bff.runner.cluster": [],
    "bff.serving": [
        "DrainingServer",
        "Metrics",
        "Readiness",
        "ServerWorkers",
        "Traces",
        "monitored",
    ],
    "bff.serving.connection": ["Connection", "ConnectionLimiter", "SlicedAnswers"],
    "bff.telemetry": ["Facts", "ObservedUseCase", "collect", "configure_logs", "note"],
    "resolvers": [
        "BacktestService",
        "UseCase",
        "engine_params_hash",
        "grid_request_hash",
        "spec_hash",
        "to_response",
    ],
    "roehub": [
        "AsyncClient",
        "Client",
        "Refused",
        "Result",
        "candles",
        "connect",
        "connect_async",
        "request",
        "run",
    ],
    "schema": [
        "BacktestRequest",
        "BacktestResponse",
        "openapi_document",
        "parse_request",
        "read_spec",
        "spec_of_variant",
        "to_json",
    ],
    "schema.graphql": ["graphql_schema", "graphql_sdl", "read_run", "read_variant"],
    "tools": [],
    "tools.console": [],
    "tools.docs": [],
}


def packages() -> set[str]:
    return {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("backtest", "bff", "resolvers", "roehub", "schema", "tools")
        for path in (ROOT / top).rglob("__init__.py")
    }


def test_every_package_is_in_the_list():
    assert set(EXPORTS) == packages()


@pytest.mark.parametrize("name", EXPORTS)
def test_a_package_exports_what_the_list_says(name: str):
    exported = import_module(name).__all__

    assert exported == EXPORTS[name]
    assert exported == sorted(exported)


@pytest.mark.parametrize("name", EXPORTS)
def test_every_exported_name_is_there(name: str):
    package = import_module(name)

    assert [exported for exported in EXPORTS[name] if not hasattr(package, exported)] == []


@pytest.mark.parametrize("name", EXPORTS)
def test_other_names_are_not(name: str):
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = import_module(name).nonsense


def test_importing_a_package_imports_no_framework():
    code = f"import sys, {', '.join(EXPORTS)}; print(sorted(sys.modules.keys() & set({HEAVY!r})))"

    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert found.stdout == "[]\n"
