"""Cutting the work up, or breaking it off, changes nothing: threads, chunks, tiles, stops."""

import pytest

from backtest.control import Control
from backtest.engine import combos, risk_plane, rows, stages
from backtest.errors import DeadlineExceeded, RunCancelled
from backtest.result import RunResult
from backtest.types import Ranking, RankingMetric, SizingMode
from tests.backtesters import USER, answer, backtester_over
from tests.property.scene import CANDLES, bits, request, template


@pytest.fixture(scope="module")
def whole() -> RunResult:
    return answer(CANDLES, request(template()))


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_no_bit(whole: RunResult, threads: int) -> None:
    assert bits(answer(CANDLES, request(template()), threads=threads)) == bits(whole)


@pytest.fixture(
    params=[
        (stages, "CHUNK_WORK", 1),
        (rows, "ROWS_PER_CHUNK", 1),
        (rows, "ROWS_PER_CHUNK", 4),
        (combos, "FAST_BLOCK_BYTES", 1),
        (combos, "FAST_BLOCK_BYTES", 3_000),
        (risk_plane, "TABLE_BYTES", 1),
    ],
    ids=lambda cut: f"{cut[1]}={cut[2]}",
)
def cut_small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name, value = request.param
    assert hasattr(module, name)
    monkeypatch.setattr(module, name, value)


@pytest.mark.usefixtures("cut_small")
def test_the_size_of_chunks_blocks_and_tiles_changes_no_bit(whole: RunResult) -> None:
    assert bits(answer(CANDLES, request(template()))) == bits(whole)


@pytest.mark.usefixtures("cut_small")
@pytest.mark.parametrize("sizing", [SizingMode.FIXED_QUOTE, SizingMode.PROFIT_LOCK])
def test_nor_where_the_running_balance_matters(
    sizing: SizingMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(
        template(sizing_mode=sizing),
        ranking=Ranking(primary=RankingMetric.RETURN_OVER_MAX_DRAWDOWN),
    )
    small = bits(answer(CANDLES, asked))
    monkeypatch.undo()

    assert small == bits(answer(CANDLES, asked))


def test_the_same_request_twice_gives_the_same_bits(whole: RunResult) -> None:
    with backtester_over(CANDLES) as backtester:
        results = [
            backtester.run(request(template()), user_id=USER, control=Control()) for _ in range(2)
        ]

    assert bits(results[0]) == bits(results[1]) == bits(whole)


def test_a_cancelled_run_stops_within_a_chunk_and_the_next_one_works(
    whole: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "CHUNK_WORK", 1)
    seen: list[str] = []
    control: Control

    def stop_in_stage_b(stage: str, done: int, total: int) -> None:
        seen.append(stage)
        if stage == "stage_b":
            control.cancel()

    control = Control(on_progress=stop_in_stage_b)
    with backtester_over(CANDLES) as backtester:
        with pytest.raises(RunCancelled):
            backtester.run(request(template()), user_id=USER, control=control)
        assert seen.count("stage_b") == 1
        again = backtester.run(request(template()), user_id=USER, control=Control())

    assert bits(again) == bits(whole)


@pytest.mark.parametrize("stage", ["signals", "stage_a", "stage_b", "exact", "report"])
def test_a_run_can_be_cancelled_in_every_stage(stage: str) -> None:
    control: Control

    def stop_there(now: str, done: int, total: int) -> None:
        if now == stage:
            control.cancel()

    control = Control(on_progress=stop_there)
    with backtester_over(CANDLES) as backtester, pytest.raises(RunCancelled):
        backtester.run(request(template()), user_id=USER, control=control)


def test_a_run_out_of_time_ends_and_the_pool_is_free(whole: RunResult) -> None:
    with backtester_over(CANDLES) as backtester:
        with pytest.raises(DeadlineExceeded):
            backtester.run(request(template()), user_id=USER, control=Control(0.0))
        again = backtester.run(request(template()), user_id=USER, control=Control())

    assert bits(again) == bits(whole)
