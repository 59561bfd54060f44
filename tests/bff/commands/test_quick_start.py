"""What has not to be loaded before a command can say how it is used."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ENGINE = {"numba", "llvmlite", "numpy", "backtest.run", "backtest.indicators.catalog"}
STORES = {"chdb", "clickhouse_connect", "pyarrow", "pandas", "sqlalchemy", "psycopg"}
WEB = {"fastapi", "starlette", "strawberry", "graphql", "uvicorn", "structlog", "jwt"}
SETTINGS = {"yaml", "bff.config.environment"}  # pydantic is loaded by Typer itself

TELL_MODULES = """
import json, sys
from bff.cli import main
sys.argv = ["roehub-backtest", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The modules that a fresh process has loaded by the end of a command."""
    done = subprocess.run(
        [sys.executable, "-c", TELL_MODULES, *arguments],
        env=os.environ | {"ROEHUB_ENV": "dev", "ROEHUB_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        "--version",
        "serve --help",
        "demo --help",
        "check --help",
        "token --help",
        "run --help",
        "verify --help",
        "candles --help",
        "candles import --help",
        "candles generate --help",
        "candles list --help",
        "candles check --help",
        "candles download --help",
        "strategies --help",
        "strategies add --help",
        "strategies list --help",
        "strategies delete --help",
        "schema openapi --help",
    ],
)
def test_help_waits_for_nothing(tmp_path: Path, arguments: str) -> None:
    modules = loaded(tmp_path, *arguments.split())

    assert modules & (ENGINE | STORES | WEB | SETTINGS) == set()


def test_a_token_waits_for_the_configuration_and_the_signature_alone(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "token", "--user-id", "00000000-0000-4000-8000-000000000001")

    assert modules >= SETTINGS
    assert modules & (ENGINE | STORES | WEB) == {"jwt"}


@pytest.mark.parametrize("arguments", ["strategies list", "candles list"])
def test_a_store_waits_for_neither_the_engine_nor_the_web(tmp_path: Path, arguments: str) -> None:
    modules = loaded(tmp_path, *arguments.split())

    assert modules >= SETTINGS
    assert modules & ((ENGINE - {"numpy"}) | (WEB - {"structlog", "jwt"})) == set()
