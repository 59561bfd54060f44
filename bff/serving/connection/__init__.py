"""One connection of a client: what it may send, how long it may take, how it ends.

Uvicorn's protocol over httptools, with a limit wherever it has none. Each file adds one idea to
the class of the file before it; `protocol` is the whole.

Reading order: `requests`, `parsing`, `half_close`, `deadlines`, `last_requests`, `protocol`; beside
them `connection_limiter` (how many connections there are), `upgrades` and `refusal_bytes` (bytes),
`slices` (answers piece by piece), `alarm`.
See: docs/security.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.serving.connection.connection_limiter import ConnectionLimiter
    from bff.serving.connection.protocol import Connection
    from bff.serving.connection.slices import SlicedAnswers
else:
    __getattr__ = lazy(
        __name__,
        {
            "connection_limiter": ["ConnectionLimiter"],
            "protocol": ["Connection"],
            "slices": ["SlicedAnswers"],
        },
    )

__all__ = ["Connection", "ConnectionLimiter", "SlicedAnswers"]
