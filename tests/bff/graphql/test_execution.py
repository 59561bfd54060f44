"""The execution of a document ends with its run, and at the longest answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from backtest.control import Control
from backtest.policy import Want
from backtest.request import RunRequest
from backtest.result import RunResult
from bff.graphql.execution import GraphqlAnswer, GraphqlJob
from bff.graphql.inputs import read_inputs
from bff.graphql.limits import GraphQLLimits, parse_document
from bff.http.auth import Caller
from resolvers.service import BacktestService
from schema.report import TRADES_PER_SLICE
from tests.bff.doubles import GOOD
from tests.faces import to_graphql
from tests.fakes import POLICY, TRADE, FakeBacktester, FakeDefaults

N_TRADES = 20 * TRADES_PER_SLICE
TEXT = (
    "mutation Run($i: RunBacktestInput!) { runBacktest(input: $i) { variants { report {"
    " trades { tradeId entryTs } again: trades { tradeId exitTs } } } } }"
)


@dataclass
class ManyTrades(FakeBacktester):
    """Answers with more trades than one slice, and calls back when it has ranked them."""

    after: Callable[[], None] = lambda: None

    def run(
        self, request: RunRequest, *, user_id: UUID, control: Control, want: Want | None = None
    ) -> RunResult:
        result = super().run(request, user_id=user_id, control=control, want=want)
        (variant,) = result.variants
        assert variant.report is not None
        report = replace(variant.report, trades=(TRADE,) * N_TRADES)
        self.after()
        return replace(result, variants=(replace(variant, report=report),))


def executed(control: Control, *, max_bytes: int, after: Callable[[], None]) -> GraphqlAnswer:
    variables = {"i": to_graphql(GOOD)}
    limits = GraphQLLimits(
        max_tokens=500, max_aliases=9, max_depth=9, max_fields=99, max_number_chars=64
    )
    document = parse_document(TEXT, limits)
    (node,) = document.definitions
    execution = GraphqlJob(
        text=TEXT,
        name=None,
        variables=variables,
        caller=Caller(user_id=UUID(int=1), paid_level="pro"),
        inputs=read_inputs(document, node, variables),  # pyright: ignore[reportArgumentType] # the one operation
        media_type="application/json",
        max_bytes=max_bytes,
    )
    service = BacktestService(
        backtester=ManyTrades(after=after), defaults=FakeDefaults(), policy=POLICY
    )
    return execution(service, control)


def test_all_trades_are_told_where_there_is_room() -> None:
    answer = executed(Control(), max_bytes=1 << 20, after=lambda: None)

    (variant,) = json.loads(bytes(answer.body))["data"]["runBacktest"]["variants"]
    assert [len(variant["report"][name]) for name in ("trades", "again")] == [N_TRADES] * 2


def test_a_run_that_is_cancelled_when_it_is_ranked_tells_no_trade() -> None:
    control = Control()

    answer = executed(control, max_bytes=1 << 20, after=control.cancel)

    content = json.loads(bytes(answer.body))
    assert content["data"] is None
    assert [error["extensions"]["code"] for error in content["errors"]] == ["unavailable"]


def test_a_longer_answer_than_is_allowed_is_one_refusal() -> None:
    answer = executed(Control(), max_bytes=65_536, after=lambda: None)

    content = json.loads(bytes(answer.body))
    (error,) = content["errors"]
    assert content["data"] is None
    assert error["extensions"]["code"] == "validation_error"
    assert error["extensions"]["details"]["error"] == "answer_max_bytes_exceeded"
    assert error["extensions"]["details"]["answer_bytes"] < 2 * 65_536
