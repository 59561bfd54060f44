"""Who answers a document's fields: the GraphQL context of one request.

A document is executed in one thread of a run pool, so everything here may block.
See: docs/graphql.md
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from strawberry.types.nodes import SelectedField, Selection

from backtest.control import Control
from backtest.policy import Want
from bff.graphql.inputs import ReadInput
from bff.http.auth import Caller
from resolvers.service import BacktestService
from schema.catalog import BacktestEstimate, CatalogIndicator, RuntimeDefaults
from schema.graphql.schema import Info
from schema.report import Report
from schema.response import BacktestResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAnswers:
    """Passes every field on to the service.

    Args:
        service: The one that REST uses too.
        caller: Who asks; None for introspection alone, which reaches no field here.
        inputs: Inputs of the run fields by response key, already read.
        control: Cancels the work and gives it a deadline.

    See: docs/graphql.md
    """

    service: BacktestService
    caller: Caller | None
    inputs: Mapping[str, ReadInput]
    control: Control

    def run_backtest(self, info: Info) -> BacktestResponse:
        """Run the grid; reports and trades only where they are selected."""
        request, _ = self._input(info)
        return self.service.run(
            request, user_id=self._user.user_id, control=self.control, want=_want(info)
        )

    def estimate_backtest(self, info: Info) -> BacktestEstimate:
        """Count what the grid would cost."""
        request, _ = self._input(info)
        return self.service.estimate(request, user_id=self._user.user_id)

    def variant_report(self, info: Info) -> Report:
        """Report on one variant."""
        request, _ = self._input(info)
        return self.service.variant_report(
            request, user_id=self._user.user_id, control=self.control
        )

    def indicators(self) -> list[CatalogIndicator]:
        """The catalog."""
        return self.service.indicators()

    def runtime_defaults(self) -> RuntimeDefaults:
        """The configured defaults."""
        return self.service.runtime_defaults()

    @property
    def _user(self) -> Caller:
        assert self.caller is not None
        return self.caller

    def _input(self, info: Info) -> ReadInput:
        return self.inputs[str(info.path.key)]


def _want(info: Info) -> Want:
    reports = list(_below(_below(_below(info.selected_fields), "variants"), "report"))
    names = {selection.name for selection in reports if isinstance(selection, SelectedField)}
    return Want(reports=bool(names - {"__typename"}), trades="trades" in names, is_explicit=True)


def _below(selections: Iterable[Selection], name: str | None = None) -> Iterator[Selection]:
    for selection in selections:
        if name is None or (isinstance(selection, SelectedField) and selection.name == name):
            yield from _flat(selection.selections)


def _flat(selections: Iterable[Selection]) -> Iterator[Selection]:
    for selection in selections:
        if isinstance(selection, SelectedField):
            yield selection
        else:
            yield from _flat(selection.selections)
