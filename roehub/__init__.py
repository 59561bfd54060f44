"""Backtests from Python: `run` computes here, `connect` asks a service; both give a `Result`.

    import roehub

    result = roehub.run(
        instrument="binance:spot:BTCUSDT", timeframe="1h",
        start="2024-01-01", end="2024-07-01",
        indicators={"ma.ema": {"window": range(5, 60, 5)}},
        stop_loss=[2, 4, 6],
    )
    result.variants

Nothing is imported before it is asked for: `import roehub` is quick.
See: docs/python.md
"""

from importlib import import_module
from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from roehub import candles
    from roehub.asking import request
    from roehub.errors import Refused
    from roehub.local import run
    from roehub.remote import AsyncClient, Client, connect, connect_async
    from roehub.result import Result

__all__ = [
    "AsyncClient",
    "Client",
    "Refused",
    "Result",
    "candles",
    "connect",
    "connect_async",
    "request",
    "run",
]

_find = lazy(
    __name__,
    {
        "asking": ("request",),
        "errors": ("Refused",),
        "local": ("run",),
        "remote": ("AsyncClient", "Client", "connect", "connect_async"),
        "result": ("Result",),
    },
)


def __getattr__(name: str) -> object:
    return import_module("roehub.candles") if name == "candles" else _find(name)


def __dir__() -> list[str]:
    """What a notebook offers behind the dot; nothing of it needs to be imported for that."""
    return __all__
