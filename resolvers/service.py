"""The one service that both faces call.

See: docs/graphql.md
"""

from dataclasses import asdict, dataclass, replace
from typing import Protocol
from uuid import UUID

from backtest.control import Control
from backtest.errors import InvalidRequest, Problem
from backtest.indicators.catalog import public_indicators
from backtest.policy import RunPolicy, Want
from backtest.ports import GridDefaults
from backtest.request import RunRequest
from backtest.result import Estimate, Replay, RunResult, SignalStretches
from resolvers.catalog import to_catalog, to_estimate, to_runtime_defaults
from resolvers.mapping import to_curve, to_response, to_stretches
from resolvers.market import Market
from resolvers.strategies import Strategies
from schema.catalog import BacktestEstimate, CatalogIndicator, RuntimeDefaults
from schema.report import EquityPoint, IndicatorSignal, MonthReturn, Report, SignalStretch
from schema.response import BacktestResponse

MAX_POINTS = 300_000


class UseCase(Protocol):
    """What the service needs of the use-case; blocking, callable from any thread.

    See: docs/graphql.md
    """

    def check(self, request: RunRequest) -> float:
        """Refuse at once what needs no store to be refused; seconds of what passes."""
        ...

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
        market: What the candle store holds; None where nobody will ask.
        strategies: The saved strategies; None where nobody will ask.

    See: docs/graphql.md
    """

    def __init__(
        self,
        *,
        backtester: UseCase,
        defaults: GridDefaults,
        policy: RunPolicy,
        market: Market | None = None,
        strategies: Strategies | None = None,
    ) -> None:
        self._backtester = backtester
        self._policy = policy
        self._market, self._strategies = market, strategies
        self._catalog = to_catalog(public_indicators(), defaults)

    def check(self, request: RunRequest) -> float:
        """Refuse a request before it is given a place, where that needs no store; never blocks.

        Returns:
            About how many seconds of one processor the run will take.

        Raises:
            BacktestError: What `run` would say.
        """
        return self._backtester.check(request)

    def run(
        self,
        request: RunRequest,
        *,
        user_id: UUID,
        control: Control,
        want: Want | None = None,
    ) -> BacktestResponse:
        """Run a request.

        Args:
            request: Parsed by `schema.parse`.
            user_id: Who asks; only owners may run saved strategies.
            control: Cancels the run and gives it a deadline.
            want: Which parts of the answer somebody will read; by default all reports, and beside
                the variants what the request includes.

        Raises:
            BacktestError: Whatever the use-case says.
        """
        result = self._backtester.run(
            request, user_id=user_id, control=control, want=want or Want(parts=request.parts)
        )
        response = to_response(result, control)
        budget = _PointBudget(MAX_POINTS)
        for ranked, variant in zip(result.variants, response.variants, strict=True):
            if variant.report is not None:
                variant.report.attach_drawing(_Drawing(ranked.replay, control, budget))
        return response

    def variant_report(
        self, request: RunRequest, *, user_id: UUID, control: Control, want: Want
    ) -> Report:
        """The report of a request that spans exactly one variant.

        Raises:
            BacktestError: Whatever the use-case says.
        """
        want = replace(want, reports=True, is_explicit=True)
        response = self.run(request, user_id=user_id, control=control, want=want)
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
        return self._catalog

    def runtime_defaults(self) -> RuntimeDefaults:
        """What the configuration gives where a request is silent."""
        can_save = self._strategies is not None and self._strategies.can_save
        return to_runtime_defaults(self._policy, can_save=can_save)

    @property
    def market(self) -> Market:
        """What the candle store holds."""
        assert self._market is not None
        return self._market

    @property
    def strategies(self) -> Strategies:
        """The saved strategies."""
        assert self._strategies is not None
        return self._strategies


class _PointBudget:
    """How many points of curves and signals one answer may still hold."""

    def __init__(self, n_points: int) -> None:
        self._left = n_points

    def spend(self, n_points: int) -> None:
        self._left -= n_points
        if self._left < 0:
            message = f"one answer may hold {MAX_POINTS} points; ask for fewer curves or points"
            raise InvalidRequest([Problem(("maxPoints",), "too_many_points", message)])


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws what a variant did, as long as the run's control and the answer's budget allow it."""

    replay: Replay
    control: Control
    budget: _PointBudget

    def curve(self, max_points: int) -> list[EquityPoint]:
        self.control.check()
        self.budget.spend(max_points)
        return to_curve(self.replay.equity_curve(max_points))

    def months(self) -> list[MonthReturn]:
        self.control.check()
        found = [MonthReturn(**asdict(month)) for month in self.replay.returns_by_month()]
        self.budget.spend(len(found))
        return found

    def signal(self, max_points: int) -> list[SignalStretch]:
        self.control.check()
        return self._stretches(self.replay.signal(max_points))

    def indicator_signals(self, max_points: int) -> list[IndicatorSignal]:
        self.control.check()
        return [
            IndicatorSignal(indicator_id=name, stretches=self._stretches(found))
            for name, found in self.replay.indicator_signals(max_points).items()
        ]

    def _stretches(self, found: SignalStretches) -> list[SignalStretch]:
        self.budget.spend(len(found.n_bars))
        return to_stretches(found)
