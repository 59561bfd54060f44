"""What is known of a request and of a run, and how it is logged.

Reading order: `facts`, `observed`, `failures`, `logs`, `streams`, `dropping_stream`.
See: docs/reliability.md#seeing-inside
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.telemetry.facts import Facts, collect, note
    from bff.telemetry.logs import configure_logs
    from bff.telemetry.observed import ObservedUseCase
else:
    __getattr__ = lazy(
        __name__,
        {
            "facts": ["Facts", "collect", "note"],
            "logs": ["configure_logs"],
            "observed": ["ObservedUseCase"],
        },
    )

__all__ = ["Facts", "ObservedUseCase", "collect", "configure_logs", "note"]
