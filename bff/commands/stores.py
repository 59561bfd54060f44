"""The stores that `candles` and `strategies` work on.

See: docs/stores.md
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import typer

from backtest.adapters.candles.connection import ClickHousePool, ClickHouseTarget
from backtest.adapters.strategies.writer import StrategyWriter
from bff.commands.expected import deployed, reported_failures
from bff.stores import candle_target, strategies_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where both stores are; put into the command's context, it replaces the configured ones."""

    candles: ClickHouseTarget
    strategies_url: str


@contextmanager
def candle_store(context: typer.Context) -> Generator[ClickHousePool]:
    """Connections for one command; failures end it with a message."""
    pool = ClickHousePool(_stores(context).candles)
    try:
        with reported_failures():
            yield pool
    finally:
        pool.close()


@contextmanager
def strategy_writer(context: typer.Context, *, creates: bool = True) -> Generator[StrategyWriter]:
    """The writing side of the strategy store for one command; failures end it with a message."""
    with reported_failures():
        writer = StrategyWriter(_stores(context).strategies_url, creates=creates)
        try:
            yield writer
        finally:
            writer.close()


def _stores(context: typer.Context) -> Stores:
    if isinstance(context.obj, Stores):
        return context.obj
    environment = deployed().environment
    return Stores(candles=candle_target(environment), strategies_url=strategies_url(environment))
