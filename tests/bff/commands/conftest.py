"""The commands of `candles`, run on a store of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from backtest.adapters.candles.connection import EmbeddedEngine
from bff.commands.candles import app
from bff.commands.stores import Stores

Run = Callable[..., Result]


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(
        candles=EmbeddedEngine(directory=tmp_path / "candles"),
        strategies_url=f"sqlite:///{tmp_path / 'strategies.sqlite'}",
    )


@pytest.fixture
def run(stores: Stores) -> Run:
    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], obj=stores)

    return invoke
