"""A floor on trades: what is left is the list without what traded less."""

from dataclasses import replace

import pytest

from backtest.request import RiskGrid, RunRequest
from backtest.result import RunResult
from backtest.types import DirectionMode, Ranking, RankingMetric, SizingMode
from tests.backtesters import answer
from tests.property.scene import CANDLES, request, template

EVERYTHING = 100_000
METRICS = [RankingMetric.TOTAL_RETURN_PCT, RankingMetric.PROFIT_FACTOR]


def trades_by_key(result: RunResult) -> list[tuple[str, int]]:
    told: list[tuple[str, int]] = []
    for variant in result.variants:
        assert variant.report is not None
        n_trades = variant.report.metrics["Num. Trades"]
        assert isinstance(n_trades, int)
        told.append((variant.variant_key, n_trades))
    return told


def costly(fee_pct: float, metric: RankingMetric, **changes: object) -> RunRequest:
    made = template(execution={"fee_pct": fee_pct, "safe_profit_percent": 100.0}, **changes)
    ranking = Ranking(primary=metric)
    return request(made, top_k=EVERYTHING, preselect=EVERYTHING, ranking=ranking)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("risk", [RiskGrid(), template().risk_grid], ids=["signals", "stops"])
@pytest.mark.parametrize("sizing", [SizingMode.ALL_IN, SizingMode.PROFIT_LOCK])
def test_the_floor_takes_out_what_trades_less_and_keeps_the_order(
    sizing: SizingMode, risk: RiskGrid, metric: RankingMetric
) -> None:
    # at 45 % some accounts have nothing left after a trade or two, whatever their signals say
    asked = costly(45.0, metric, sizing_mode=sizing, risk_grid=risk)
    asked = replace(asked, template=smaller(asked))

    whole = trades_by_key(answer(CANDLES, asked))
    floor = sorted(n for _, n in whole)[len(whole) // 2]
    some = trades_by_key(answer(CANDLES, replace(asked, min_trades=floor)))

    assert some == [(key, n) for key, n in whole if n >= floor]
    first = trades_by_key(answer(CANDLES, replace(asked, min_trades=floor, top_k=2)))
    assert first == some[:2]


def smaller(asked: RunRequest):
    assert asked.template is not None
    return replace(
        asked.template, indicator_grids=asked.template.indicator_grids[:1], signal_grids={}
    )


def test_lost_accounts_do_not_reach_a_floor_that_their_signals_reach() -> None:
    asked = costly(60.0, RankingMetric.TOTAL_RETURN_PCT, risk_grid=RiskGrid())
    long_only = replace(smaller(asked), direction_mode=DirectionMode.LONG_ONLY)

    all_of_them = trades_by_key(answer(CANDLES, replace(asked, template=long_only)))

    assert {n for _, n in all_of_them} == {1}
    assert answer(CANDLES, replace(asked, template=long_only, min_trades=2)).variants == ()


def test_stage_a_gives_the_places_of_rare_signals_to_others() -> None:
    asked = costly(0.0, RankingMetric.TOTAL_RETURN_PCT, risk_grid=RiskGrid())
    whole = trades_by_key(answer(CANDLES, asked))
    floor = 1 + min(n for _, n in whole)
    place = next(place for place, (_, n) in enumerate(whole) if n < floor)

    asked = replace(asked, preselect=place + 1, min_trades=floor)

    assert len(answer(CANDLES, asked).variants) == place + 1


def test_a_floor_that_nobody_reaches_leaves_an_empty_list() -> None:
    assert answer(CANDLES, request(template(), min_trades=10_000)).variants == ()
