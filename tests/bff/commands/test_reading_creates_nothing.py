"""Commands that read leave a server's tables as they are."""

import pytest
from typer.testing import CliRunner

from bff.commands.candles import app
from bff.commands.stores import Stores
from tests.backtest.adapters.clickhouse_server import running_server, table_engine


@pytest.mark.parametrize("command", ["list", "check"])
def test_a_server_without_the_table_is_told_and_gets_none(command: str) -> None:
    with table_engine() as engine, running_server(engine) as server:
        stores = Stores(candles=server.target, strategies_url="sqlite://")

        result = CliRunner().invoke(app, [command], obj=stores)

        tables = engine.run(
            lambda client: client.query(
                "SELECT name FROM system.tables WHERE name LIKE '%candles%'"
            )
        )
    assert result.exit_code == 1
    assert "canonical_candles_1m does not exist" in result.output
    assert tables.result_rows == []
