"""The process that listens: how it starts, stops, is watched and multiplied.

Reading order: `server`, the room `connection`, `open_files`, `workers`, `lifeline`, `reachable`,
`health`, `metrics`, `traces`.
See: docs/reliability.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.serving.health import Readiness, monitored
    from bff.serving.metrics import Metrics
    from bff.serving.server import DrainingServer
    from bff.serving.traces import Traces
    from bff.serving.workers import ServerWorkers
else:
    __getattr__ = lazy(
        __name__,
        {
            "health": ["Readiness", "monitored"],
            "metrics": ["Metrics"],
            "server": ["DrainingServer"],
            "traces": ["Traces"],
            "workers": ["ServerWorkers"],
        },
    )

__all__ = ["DrainingServer", "Metrics", "Readiness", "ServerWorkers", "Traces", "monitored"]
