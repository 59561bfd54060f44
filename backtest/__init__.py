"""What a backtest means, importable and testable without HTTP.

Reading order: `run` (the use-case), `types`, `axes`, `request`, `plan`, `grid`, `timeline`,
`indicators`, `signals`, `engine`, `report`, `identity`. Nothing here knows a web framework; drivers
live in `adapters`. Names are looked up when they are asked for: commands that compute nothing must
not wait for the compiler.

See: docs/scoring.md, docs/kernels.md
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backtest.control import Control
    from backtest.errors import BacktestError
    from backtest.policy import RunPolicy, Want
    from backtest.request import RunRequest
    from backtest.result import RunResult
    from backtest.run import Backtester

__all__ = [
    "BacktestError",
    "Backtester",
    "Control",
    "RunPolicy",
    "RunRequest",
    "RunResult",
    "Want",
]

_HOMES = {
    "BacktestError": "errors",
    "Backtester": "run",
    "Control": "control",
    "RunPolicy": "policy",
    "RunRequest": "request",
    "RunResult": "result",
    "Want": "policy",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
