"""Which stores are configured, what is in them and how they are made; for `check` and `stores`.

See: docs/stores.md#making-the-tables
"""

from contextlib import closing

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.table import stored_instruments
from backtest.adapters.migrations import candles, strategies
from backtest.adapters.migrations.steps import Step
from backtest.adapters.strategies.reader import SqlStrategies
from backtest.adapters.strategies.table import SqliteFile, store_at
from bff.commands.expected import deployed
from bff.config.environment import Environment
from bff.stores import candle_target, strategies_url

CANDLE_VARIABLES = "CH_HOST, CH_PORT, CH_USER and CH_PASSWORD"
STRATEGY_VARIABLES = "STRATEGY_PG_DSN"


def init_candles() -> list[tuple[str, bool]]:
    """Take the steps of the candle store; what each is about, and whether it was taken now."""
    with closing(ClickHousePool(candle_target(deployed().environment))) as pool:
        return _listed(candles.take_steps(pool))


def init_strategies() -> list[tuple[str, bool]]:
    """The same for saved strategies."""
    return _listed(strategies.take_steps(store_at(strategies_url(deployed().environment))))


def candle_facts(environment: Environment) -> str:
    """Where candles are and how many.

    Raises:
        CandlesUnavailable: The store cannot be reached or refuses.
    """
    with closing(ClickHousePool(candle_target(environment))) as pool:
        target = pool.target
        if isinstance(target, EmbeddedEngine):
            place = f"embedded, {target.directory}"
        else:
            place = f"server {environment.ch_host}:{environment.clickhouse_port}, "
            place += _schema(candles.steps_taken(pool), len(candles.STEPS))
        found = stored_instruments(pool)
    instruments = {stored.instrument for stored in found}
    n_rows = sum(stored.n_rows for stored in found)
    return f"{place}: {len(instruments):,} instruments, {n_rows:,} rows"


def strategy_facts(environment: Environment) -> str:
    """Where strategies are and how many; never the DSN.

    Raises:
        StrategiesUnavailable: The store cannot be reached or refuses.
    """
    url = strategies_url(environment)
    store = store_at(url)
    place = f"SQLite, {store.path}" if isinstance(store, SqliteFile) else "Postgres"
    schema = _schema(strategies.steps_taken(store), len(strategies.STEPS))
    with closing(SqlStrategies(url)) as reader:
        n_rows = reader.count()
    return f"{place}, {schema}: {n_rows:,} strategies"


def _schema(taken: set[int], newest: int) -> str:
    have = max(taken, default=0)
    advice = "" if have >= newest else ", run `stores init`"
    return f"schema {have} of {newest}{advice}"


def _listed(steps: list[Step]) -> list[tuple[str, bool]]:
    return [(step.what, step.is_new) for step in steps]
