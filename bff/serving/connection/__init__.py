"""One connection of a client: what it may send, how long it may take, how it ends.

Uvicorn's protocol over httptools, with a limit wherever it has none. Each file adds one idea to
the class of the file before it; `protocol` is the whole.

Reading order: `requests`, `parsing`, `half_close`, `deadlines`, `last_requests`, `protocol`; beside
them `crowd` (how many connections there are), `upgrades` and `last_words` (bytes), `slices`
(answers piece by piece), `alarm`.
See: docs/security.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.serving.connection.crowd import Crowd
    from bff.serving.connection.protocol import Connection
    from bff.serving.connection.slices import SlicedAnswers
else:
    __getattr__ = lazy(
        __name__,
        {
            "crowd": ["Crowd"],
            "protocol": ["Connection"],
            "slices": ["SlicedAnswers"],
        },
    )

__all__ = ["Connection", "Crowd", "SlicedAnswers"]
