"""Who answers a document's fields: the GraphQL context of one request.

A document is executed in one thread of a run pool, so everything here may block.
See: docs/graphql.md
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from backtest.control import Control
from backtest.errors import AnswerTooLong, InvalidRequest, Problem
from backtest.request import RunRequest
from bff.graphql.inputs import ReadInput
from bff.graphql.selected import wanted_of_report, wanted_of_run
from bff.http.auth import Caller
from resolvers.service import BacktestService
from schema.catalog import BacktestEstimate, CatalogIndicator, RuntimeDefaults
from schema.graphql.body import Places
from schema.graphql.schema import Info
from schema.market import Bars, BarsQuestion, StoredInstrument
from schema.report import Report
from schema.response import BacktestResponse
from schema.saved import SavedStrategyLine

ONE_RUN = "at most 1 result in a subscription, with fragments expanded"


@dataclass(slots=True, kw_only=True)
class ServiceAnswers:
    """Passes every field on to the service.

    Args:
        service: The one that REST uses too.
        caller: Who asks; None for introspection alone, which reaches no field here.
        inputs: Inputs of the run fields by response key, already read.
        control: Cancels the work and gives it a deadline.
        max_bytes: Longest answer that is allowed.

    See: docs/graphql.md
    """

    service: BacktestService
    caller: Caller | None
    inputs: Mapping[str, ReadInput]
    control: Control
    max_bytes: int
    n_bytes: int = field(default=0, init=False)
    has_run: bool = field(default=False, init=False)

    def run_backtest(self, info: Info) -> BacktestResponse:
        """Run the grid, once; reports and trades only where they are selected."""
        if self.has_run:
            raise InvalidRequest([Problem(("query",), "one_run_per_document", ONE_RUN)])
        self.has_run = True
        request, _ = self._input(info)
        return self.service.run(
            request, user_id=self._user.user_id, control=self.control, want=wanted_of_run(info)
        )

    def estimate_backtest(self, info: Info) -> BacktestEstimate:
        """Count what the grid would cost."""
        request, _ = self._input(info)
        return self.service.estimate(request, user_id=self._user.user_id)

    def variant_report(self, info: Info) -> Report:
        """Report on one variant."""
        request, _ = self._input(info)
        return self.service.variant_report(
            request,
            user_id=self._user.user_id,
            control=self.control,
            want=wanted_of_report(info),
        )

    def indicators(self) -> list[CatalogIndicator]:
        """The catalog."""
        return self.service.indicators()

    def runtime_defaults(self) -> RuntimeDefaults:
        """The configured defaults."""
        return self.service.runtime_defaults()

    def instruments(self) -> list[StoredInstrument]:
        """What the candle store holds."""
        return self.service.market.instruments()

    def bars(self, info: Info) -> Bars:
        """Bars to draw."""
        question, _ = self.inputs[str(info.path.key)]
        assert isinstance(question, BarsQuestion)
        return self.service.market.bars(question, self.control)

    def strategies(self, limit: int) -> list[SavedStrategyLine]:
        """What the caller has saved."""
        return self.service.strategies.of_user(self._user.user_id, limit=limit)

    def save_strategy(self, info: Info, name: str | None) -> SavedStrategyLine:
        """Save one variant."""
        request, _ = self._input(info)
        return self.service.strategies.save(request, user_id=self._user.user_id, name=name)

    def delete_strategy(self, strategy_id: UUID) -> UUID:
        """Delete a strategy of the caller."""
        self.service.strategies.delete(strategy_id, user_id=self._user.user_id)
        return strategy_id

    def allow(self, n_bytes: int) -> None:
        """Return if the answer may have so many bytes more, and more work be done for it."""
        self.control.check()
        self.n_bytes += n_bytes
        if self.n_bytes > self.max_bytes:
            raise AnswerTooLong(n_bytes=self.n_bytes, limit=self.max_bytes, stage="report")

    @property
    def _user(self) -> Caller:
        assert self.caller is not None
        return self.caller

    def _input(self, info: Info) -> tuple[RunRequest, Places]:
        # below a subscription the field that runs is a member of the root field
        root = info.path if info.path.prev is None else info.path.prev
        request, places = self.inputs[str(root.key)]
        assert isinstance(request, RunRequest)
        return request, places
