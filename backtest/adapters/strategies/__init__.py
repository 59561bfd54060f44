"""Saved strategies in SQLite or Postgres, over SQLAlchemy Core.

Reading order: `watched_connection`, `table`, `reader`, `writer` (for the commands, and for a
service that may save them).
See: docs/saved-strategies.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.adapters.strategies.reader import SqlStrategies
    from backtest.adapters.strategies.writer import StrategyWriter
else:
    __getattr__ = lazy(
        __name__,
        {
            "reader": ["SqlStrategies"],
            "writer": ["StrategyWriter"],
        },
    )

__all__ = ["SqlStrategies", "StrategyWriter"]
