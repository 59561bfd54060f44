"""The use-case with an eye on it: what each run was and did is noted for its request's log line.

See: docs/reliability.md
"""

from collections.abc import Mapping
from uuid import UUID

from backtest.control import Control
from backtest.policy import Want
from backtest.request import RunRequest
from backtest.result import Estimate, RunResult
from bff.telemetry.facts import note
from resolvers.hashes import engine_params_hash, grid_request_hash, spec_hash
from resolvers.service import UseCase

WANT_ALL = Want()


class ObservedUseCase:
    """A `UseCase` that hands everything on.

    Args:
        inner: The one that does the work.

    See: docs/reliability.md
    """

    def __init__(self, inner: UseCase) -> None:
        self._inner = inner

    def check(self, request: RunRequest) -> float:
        """Refuse at once what needs no store to be refused; seconds of what passes."""
        return self._inner.check(request)

    def run(
        self, request: RunRequest, *, user_id: UUID, control: Control, want: Want = WANT_ALL
    ) -> RunResult:
        """Run a request to its end."""
        result = self._inner.run(request, user_id=user_id, control=control, want=want)
        note(
            **_hashes(result),
            stage_a_variants=result.stage_a_variants,
            stage_b_variants=result.stage_b_variants,
            target_bars=result.target_bars,
            scored_by=" and ".join(result.scored_by),
            stage_ms={name: round(s * 1000, 1) for name, s in result.stage_seconds.items()},
        )
        return result

    def estimate(self, request: RunRequest, *, user_id: UUID) -> Estimate:
        """Count what a request would cost."""
        return self._inner.estimate(request, user_id=user_id)


def _hashes(result: RunResult) -> Mapping[str, object]:
    hashes: dict[str, object] = {"engine_params_hash": engine_params_hash(result.settings)}
    if result.spec is None:
        hashes["grid_request_hash"] = grid_request_hash(result)
    else:
        hashes["spec_hash"] = spec_hash(result.spec)
    return hashes
