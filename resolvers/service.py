"""The one service that both faces call."""

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from backtest.control import Control
from backtest.indicators.catalog import INDICATORS
from backtest.policy import RunPolicy
from backtest.ports import GridDefaults
from backtest.request import RunRequest
from backtest.result import Estimate, RankedVariant, RunResult, Want
from resolvers.catalog import to_catalog, to_estimate, to_runtime_defaults
from resolvers.mapping import to_curve, to_response
from schema.catalog import BacktestEstimate, CatalogIndicator, RuntimeDefaults
from schema.report import Report
from schema.response import BacktestResponse, Variant


class UseCase(Protocol):
    """What the service needs of the use-case; blocking, callable from any thread."""

    def run(
        self, request: RunRequest, *, user_id: UUID, control: Control, want: Want = ...
    ) -> RunResult:
        """Run a request to its end."""
        ...

    def estimate(self, request: RunRequest, *, user_id: UUID) -> Estimate:
        """Count what a request would cost."""
        ...


class BacktestService:
    """Request in, response out; everything between is the use-case's.

    Args:
        backtester: The use-case.
        defaults: Axes where a request names none, to be shown to clients.
        policy: Defaults and guards, to be shown to clients.
    """

    def __init__(
        self, *, backtester: UseCase, defaults: GridDefaults, policy: RunPolicy
    ) -> None:
        self._backtester = backtester
        self._defaults = defaults
        self._policy = policy

    def run(
        self,
        request: RunRequest,
        *,
        user_id: UUID,
        control: Control,
        want: Want | None = None,
        curves: Iterable[int] = (),
    ) -> BacktestResponse:
        """Run a request.

        Args:
            request: Parsed by `schema.parse`.
            user_id: Who asks; only owners may run saved strategies.
            control: Cancels the run and gives it a deadline.
            want: Which parts of the reports somebody will read; all by default.
            curves: For each number of points, an equity curve is attached to every report.

        Raises:
            BacktestError: Whatever the use-case says.
        """
        result = self._backtester.run(
            request, user_id=user_id, control=control, want=want or Want()
        )
        response = to_response(result)
        sizes = sorted(set(curves))
        for ranked, variant in zip(result.variants, response.variants, strict=True):
            _attach_curves(ranked, variant, sizes, control)
        return response

    def variant_report(
        self, request: RunRequest, *, user_id: UUID, control: Control, curves: Iterable[int] = ()
    ) -> Report:
        """The report of a request that spans exactly one variant.

        Raises:
            BacktestError: Whatever the use-case says.
        """
        response = self.run(request, user_id=user_id, control=control, curves=curves)
        (variant,) = response.variants
        assert variant.report is not None
        return variant.report

    def estimate(self, request: RunRequest, *, user_id: UUID) -> BacktestEstimate:
        """What a request would cost; loads no candle.

        Raises:
            BacktestError: Whatever the use-case says; a guard is a verdict, not an error.
        """
        return to_estimate(self._backtester.estimate(request, user_id=user_id))

    def indicators(self) -> list[CatalogIndicator]:
        """The catalog that clients may choose from."""
        return to_catalog(INDICATORS.values(), self._defaults)

    def runtime_defaults(self) -> RuntimeDefaults:
        """What the configuration gives where a request is silent."""
        return to_runtime_defaults(self._policy)


def _attach_curves(
    ranked: RankedVariant, variant: Variant, sizes: list[int], control: Control
) -> None:
    if variant.report is None:
        return
    for max_points in sizes:
        control.check()
        variant.report.keep_curve(max_points, to_curve(ranked.replay.equity_curve(max_points)))
