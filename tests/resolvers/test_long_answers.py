"""Answers with many trades: written in slices, the same bytes, under the run's control."""

from dataclasses import replace
from uuid import UUID

import pytest

from backtest.control import Control
from backtest.errors import RunCancelled
from backtest.result import RunResult
from backtest.result import Trade as DomainTrade
from resolvers.mapping import to_response, to_trades
from schema.report import TRADES_PER_SLICE, Report, Trade
from schema.response import BacktestResponse, Variant, json_pieces
from tests.fakes import TRADE, FakeBacktester
from tests.resolvers.test_service import REQUEST

N_TRADES = 3 * TRADES_PER_SLICE + 1


def many(n_trades: int) -> tuple[DomainTrade, ...]:
    return tuple(
        replace(TRADE, trade_id=n + 1, qty_base=10.0 ** (n % 40 - 20)) for n in range(n_trades)
    )


def result_with(n_trades: int) -> RunResult:
    result = FakeBacktester().run(REQUEST, user_id=UUID(int=1), control=Control())
    (variant,) = result.variants
    assert variant.report is not None
    metrics = {"SQN": None, "Num. Trades": n_trades, "Calmar Ratio": float("inf"), "Start": 1e-7}
    report = replace(variant.report, trades=many(n_trades), metrics=metrics)
    bare = replace(variant, report=None)
    untold = replace(variant, report=replace(report, trades=None))
    return replace(result, variants=(replace(variant, report=report), untold, bare))


def at_once(response: BacktestResponse) -> bytes:
    """What pydantic writes when every trade is a model."""

    def whole(variant: Variant) -> Variant:
        if variant.report is None or variant.report.trades is None:
            return variant
        report = variant.report.model_copy(update={"trades": tuple(variant.report.trades)})
        return variant.model_copy(update={"report": report})

    variants = tuple(map(whole, response.variants))
    return response.model_copy(update={"variants": variants}).model_dump_json().encode()


@pytest.mark.parametrize("n_trades", [0, 1, N_TRADES])
def test_pieces_are_what_the_models_write_at_once(n_trades: int) -> None:
    response = to_response(result_with(n_trades), Control())

    pieces = list(json_pieces(response))

    assert b"".join(pieces) == at_once(response)
    assert max(map(len, pieces)) < 600 * TRADES_PER_SLICE


def test_no_variant_is_an_empty_list() -> None:
    response = to_response(replace(result_with(1), variants=()), Control())

    assert b"".join(json_pieces(response)) == response.model_dump_json().encode()


def test_trades_are_made_while_they_are_read_and_the_control_allows_it() -> None:
    control = Control()
    report = Report.model_construct(
        rows=(), table_md="", metrics={}, standard=None, trades=to_trades(many(N_TRADES), control)
    )
    pieces = json_pieces(report)
    read = b""
    while b'"trade_id":1,' not in read:
        read += next(pieces)

    control.cancel()

    with pytest.raises(RunCancelled):
        list(pieces)
    assert b'"trade_id":%d,' % (TRADES_PER_SLICE + 1) not in read


def test_trades_are_a_sequence_of_models() -> None:
    trades = to_trades(many(N_TRADES), Control())

    assert len(trades) == len(list(trades)) == N_TRADES
    assert [trade.trade_id for trade in trades[1:4]] == [2, 3, 4]
    assert isinstance(trades[-1], Trade)
    assert trades[-1].trade_id == N_TRADES
    assert Trade.model_validate(trades[0].model_dump()) == trades[0]
