"""Shards change nothing: however many there are, who looks through them, and who answers first."""

import pickle
from collections.abc import Generator

import numpy as np
import pytest

from backtest.answer_parts import LandscapePart
from backtest.control import Control
from backtest.engine import shards as cutting
from backtest.engine.shards import Found, Shard, cut_outer
from backtest.policy import Want
from backtest.request import RiskGrid, RunRequest
from backtest.result import RunResult
from backtest.run import WANT_ALL, Backtester
from backtest.types import AnswerPart, Bars, Ranking, RankingMetric, SizingMode
from tests.backtesters import USER, answer, backtester_over
from tests.property.scene import CANDLES, bits, request, template

METRICS = list(RankingMetric)
SIZINGS = list(SizingMode)
WITH_LEDGER = Want(parts=frozenset({AnswerPart.EVIDENCE, AnswerPart.LANDSCAPE}))


class OneMachine:
    """Plays as many as are wanted: what reaches one and what it answers has travelled."""

    def __init__(self, engine: Backtester, n_shards: int, random: np.random.Generator) -> None:
        self.engine, self.n_wanted, self.random = engine, n_shards, random
        self.n_looked = 0

    def n_shards(self, effort_s: float) -> int:
        assert effort_s > 0
        return self.n_wanted

    def look(self, shards: list[Shard], bars: Bars, control: Control) -> Generator[Found]:
        for place in self.random.permutation(len(shards)):
            shard, there = pickle.loads(pickle.dumps((shards[place], bars)))
            yield pickle.loads(pickle.dumps(self.engine.look(shard, there, control)))
            self.n_looked += 1


def run_in_shards(
    asked: RunRequest, n_shards: int, seed: int, want: Want = WANT_ALL
) -> tuple[RunResult, int]:
    """The answer, and how many shards were looked through."""
    with backtester_over(CANDLES, threads=1) as there:
        machines = OneMachine(there, n_shards, np.random.default_rng(seed))
        with backtester_over(CANDLES) as here:
            here._machines = machines
            found = here.run(asked, user_id=USER, control=Control(), want=want)
    return found, machines.n_looked


def in_shards(asked: RunRequest, n_shards: int, seed: int) -> tuple[list[object], int]:
    found, n_looked = run_in_shards(asked, n_shards, seed)
    return list(bits(found)), n_looked


def whole_run(asked: RunRequest, want: Want) -> RunResult:
    with backtester_over(CANDLES) as here:
        return here.run(asked, user_id=USER, control=Control(), want=want)


def beside_of(result: RunResult) -> list[object]:
    """Everything that is made of the ledger, and the bytes of the ledger itself."""
    mapped = result.parts[AnswerPart.LANDSCAPE]
    assert isinstance(mapped, LandscapePart)
    recorded = mapped.landscape._recorded
    ledgers = [
        (own.growth.tobytes(), own.ruined.tobytes(), own.winners.tolist())
        for own in (recorded.ledger, recorded.bases)
    ]
    told = mapped.axes, mapped.interactions, mapped.neighbourhoods, mapped.robust_order
    return [bits(result), result.parts[AnswerPart.EVIDENCE], told, ledgers]


@pytest.mark.parametrize("metric", METRICS)
def test_the_number_of_shards_changes_no_bit(metric: RankingMetric) -> None:
    place = METRICS.index(metric)
    asked = request(
        template(
            sizing_mode=SIZINGS[place % len(SIZINGS)],
            risk_grid=template().risk_grid if place % 3 else RiskGrid(),
        ),
        ranking=Ranking(primary=metric, secondary=METRICS[place - 1] if place % 2 else None),
        min_trades=30 if place % 4 == 0 else 0,
        distinct=place % 2 == 0,
        top_k=12,
        preselect=20,
    )
    whole = bits(answer(CANDLES, asked))

    for n_shards in (2, 3, 7, 1_000):
        found, n_looked = in_shards(asked, n_shards, seed=n_shards)

        assert found == whole
        assert n_looked == min(n_shards, 10)


@pytest.mark.parametrize("sizing", SIZINGS)
def test_nor_does_it_where_money_runs_out_and_fast_scores_do_not_hold(sizing: SizingMode) -> None:
    ruinous = template(
        sizing_mode=sizing,
        execution={"fee_pct": 45.0, "fixed_quote": 4_000.0},
        risk_grid=RiskGrid(),
    )
    asked = request(ruinous, top_k=30)

    assert in_shards(asked, 4, seed=1)[0] == bits(answer(CANDLES, asked))


@pytest.mark.parametrize("sizing", SIZINGS)
@pytest.mark.parametrize("metric", [RankingMetric.TOTAL_RETURN_PCT, RankingMetric.SHARPE])
def test_nor_does_it_change_the_evidence_or_the_map(
    sizing: SizingMode, metric: RankingMetric
) -> None:
    place = SIZINGS.index(sizing)
    made = template(
        sizing_mode=sizing,
        risk_grid=template().risk_grid if place % 2 else RiskGrid(),
        execution={"fee_pct": 45.0, "fixed_quote": 4_000.0} if place == 0 else {"fee_pct": 0.02},
    )
    asked = request(made, ranking=Ranking(primary=metric), top_k=12, preselect=20)
    whole = beside_of(whole_run(asked, WITH_LEDGER))

    for n_shards in (3, 1_000):
        found, n_looked = run_in_shards(asked, n_shards, n_shards, WITH_LEDGER)

        assert beside_of(found) == whole
        assert n_looked == min(n_shards, 10)


def test_growth_is_cut_finer_where_it_would_fill_a_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = request(template(risk_grid=RiskGrid()), top_k=12, preselect=20)
    whole = beside_of(whole_run(asked, WITH_LEDGER))
    monkeypatch.setattr(cutting, "GROWTH_BYTES_OF_SHARD", 18 * 257 * 2)

    found, n_looked = run_in_shards(asked, 2, 1, WITH_LEDGER)

    assert beside_of(found) == whole
    assert n_looked == 5
    assert run_in_shards(asked, 2, 1)[1] == 2


def test_a_grid_that_cannot_be_cut_stays_here() -> None:
    made = template()
    alone = template(indicator_grids=made.indicator_grids[:1], signal_grids={})
    asked = request(alone)

    assert in_shards(asked, 4, seed=1) == (bits(answer(CANDLES, asked)), 0)


@pytest.mark.parametrize(("n_outer", "n_shards"), [(1, 1), (1, 5), (7, 3), (10, 10), (10, 11)])
def test_ranges_cover_everything_once(n_outer: int, n_shards: int) -> None:
    ranges = cut_outer(n_outer, n_shards)

    assert [outer for low, high in ranges for outer in range(low, high)] == list(range(n_outer))
    assert all(low < high for low, high in ranges)
    assert len(ranges) == min(n_outer, n_shards)
