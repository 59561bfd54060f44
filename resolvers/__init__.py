"""One service that both faces call: request, use-case, response, hashes.

Reading order: `service`, `mapping`, `answer_parts`, `hashes`, `catalog`, `market`, `strategies`.
See: docs/graphql.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from resolvers.hashes import engine_params_hash, grid_request_hash, spec_hash
    from resolvers.mapping import to_response
    from resolvers.service import BacktestService, UseCase
else:
    __getattr__ = lazy(
        __name__,
        {
            "hashes": ["engine_params_hash", "grid_request_hash", "spec_hash"],
            "mapping": ["to_response"],
            "service": ["BacktestService", "UseCase"],
        },
    )

__all__ = [
    "BacktestService",
    "UseCase",
    "engine_params_hash",
    "grid_request_hash",
    "spec_hash",
    "to_response",
]
