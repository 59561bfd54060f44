"""What a backtest means, importable and testable without HTTP.

Reading order: `run` (the use-case), `types`, `axes`, `request`, `plan`, `grid`, `timeline`,
`indicators`, `signals`, `engine`, `report`, `identity`. Nothing here knows a web framework; drivers
live in `adapters`.
See: docs/scoring.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from backtest.control import Control
    from backtest.errors import BacktestError
    from backtest.policy import RunPolicy, Want
    from backtest.request import RunRequest
    from backtest.result import RunResult
    from backtest.run import Backtester
else:
    __getattr__ = lazy(
        __name__,
        {
            "control": ["Control"],
            "errors": ["BacktestError"],
            "policy": ["RunPolicy", "Want"],
            "request": ["RunRequest"],
            "result": ["RunResult"],
            "run": ["Backtester"],
        },
    )

__all__ = ["BacktestError", "Backtester", "Control", "RunPolicy", "RunRequest", "RunResult", "Want"]
