"""Cutting the work up, or breaking it off, changes nothing: threads, chunks, tiles, stops."""

from dataclasses import replace
from typing import Any

import pytest

from backtest.axes import explicit
from backtest.control import Control
from backtest.engine.pipeline import recorder, risk_plane, stages
from backtest.engine.pipeline.recorder import Recorded
from backtest.engine.ranked import rank_variants
from backtest.engine.scoring import score_pairs
from backtest.engine.scoring.score_pairs import look_up_growth
from backtest.engine.signal_rows import combos, rows
from backtest.errors import DeadlineExceeded, RunCancelled
from backtest.plan import make_plan
from backtest.request import IndicatorGrid, RiskGrid, RunRequest
from backtest.result import RunResult
from backtest.run import Backtester
from backtest.stopwatch import Stopwatch
from backtest.types import DirectionMode, Ranking, RankingMetric, SizingMode
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
        (recorder, "CELLS_PER_CHUNK", 1),
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


def ledger_bits(asked: RunRequest, **policy: Any) -> list[object]:
    """Everything of a ledger, as bytes."""
    with backtester_over(CANDLES, **policy) as backtester:
        recorded = record(backtester, asked)
    ledger = recorded.ledger
    arrays = (
        ledger.growth, ledger.ruined, ledger.holding, ledger.winners, ledger.block_ends,
        recorded.base_totals, recorded.shortlist, recorded.bases.growth, recorded.bases.ruined,
    )  # fmt: skip
    return [(array.shape, array.tobytes()) for array in arrays]


def record(backtester: Backtester, asked: RunRequest) -> Recorded:
    assert asked.template is not None
    plan = make_plan(asked, asked.template, backtester._policy, backtester._defaults)
    control = Control()
    bars, _ = backtester._load(plan, (), control)
    ranked = rank_variants(plan, bars, backtester._workers, control, Stopwatch(), with_ledger=True)
    assert ranked.recorded is not None
    return ranked.recorded


@pytest.mark.usefixtures("cut_small")
@pytest.mark.parametrize("sizing", [SizingMode.ALL_IN, SizingMode.PROFIT_LOCK])
def test_nor_any_number_of_the_ledger(sizing: SizingMode, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = request(template(sizing_mode=sizing))
    small = ledger_bits(asked, threads=3)
    monkeypatch.undo()

    assert small == ledger_bits(asked, threads=1)


@pytest.mark.parametrize("direction", DirectionMode)
@pytest.mark.parametrize("sizing", SizingMode)
def test_nor_for_any_sizing_and_direction(
    sizing: SizingMode, direction: DirectionMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = IndicatorGrid(
        indicator_id="ma.sma", params={"window": explicit(3, 8, 21)}, source=explicit("close")
    )
    made = template(
        sizing_mode=sizing,
        direction_mode=direction,
        indicator_grids=(few,),
        signal_grids={},
        risk_grid=RiskGrid(sl_enabled=True, sl=explicit(0.25, 0.5, 2.0)),
    )
    asked = request(made, preselect=2, top_k=6)
    whole = ledger_bits(asked, threads=1)
    for module, name in (
        (stages, "CHUNK_WORK"),
        (rows, "ROWS_PER_CHUNK"),
        (combos, "FAST_BLOCK_BYTES"),
        (risk_plane, "TABLE_BYTES"),
        (recorder, "CELLS_PER_CHUNK"),
    ):
        monkeypatch.setattr(module, name, 1)

    assert ledger_bits(asked, threads=3) == whole


@pytest.mark.parametrize("direction", DirectionMode)
@pytest.mark.parametrize("sizing", SizingMode)
def test_nor_whether_pairs_are_looked_up_or_walked(
    sizing: SizingMode, direction: DirectionMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(template(sizing_mode=sizing, direction_mode=direction))
    walked = ledger_bits(asked, threads=1)
    used: list[int] = []

    def count(*args: Any) -> None:
        used.append(1)
        look_up_growth(*args)

    monkeypatch.setattr(score_pairs, "LEAST_SLOW", 1)
    monkeypatch.setattr(score_pairs, "LEAST_FAST", 1)
    monkeypatch.setattr(recorder, "look_up_growth", count)

    assert ledger_bits(asked, threads=3) == walked
    assert used


def test_the_ledger_is_the_same_whatever_ranks_the_variants_of_a_grid_without_risk() -> None:
    bare = template(risk_grid=RiskGrid())
    by_drawdown = Ranking(primary=RankingMetric.MAX_DRAWDOWN_PCT)

    assert ledger_bits(request(bare))[:3] == ledger_bits(request(bare, ranking=by_drawdown))[:3]


def test_nor_does_the_order_of_the_grids_parts_change_what_a_variant_grows_by() -> None:
    made = template(risk_grid=RiskGrid())
    average, strength = made.indicator_grids
    turned = replace(
        made,
        indicator_grids=(strength, replace(average, params={"window": explicit(21, 13, 8, 5, 3)})),
    )

    rows, turned_rows = (_sorted_rows(request(grid)) for grid in (made, turned))

    assert rows == turned_rows


def _sorted_rows(asked: RunRequest) -> list[bytes]:
    with backtester_over(CANDLES) as backtester:
        return sorted(row.tobytes() for row in record(backtester, asked).ledger.growth)
