"""Where both stores are, by the environment.

Commands that work on a store need this much of the service, and start quickly without the rest.
See: docs/configuration.md
"""

from pathlib import Path

from backtest.adapters.candles.connection import ClickHouseServer, ClickHouseTarget, EmbeddedEngine
from bff.config.environment import Environment


def candle_folder(environment: Environment) -> Path:
    """Where the files of the embedded candle store lie.

    See: docs/configuration.md
    """
    return environment.data_dir / "candles"


def candle_target(environment: Environment) -> ClickHouseTarget:
    """A server where one is configured, otherwise the engine inside this process.

    See: docs/configuration.md
    """
    if environment.ch_host is None:
        return EmbeddedEngine(directory=candle_folder(environment))
    return ClickHouseServer(
        host=environment.ch_host,
        port=environment.ch_port,
        user=environment.ch_user,
        password=environment.ch_password.get_secret_value(),
        database=environment.ch_database,
        secure=environment.ch_secure,
        verify=environment.ch_verify,
    )


def strategies_url(environment: Environment) -> str:
    """The configured Postgres, otherwise a SQLite file in the data directory.

    See: docs/configuration.md
    """
    if environment.strategy_pg_dsn is not None:
        return environment.strategy_pg_dsn.get_secret_value()
    return f"sqlite:///{environment.data_dir / 'strategies.sqlite'}"
