"""`strategies`, `saveStrategy` and `deleteStrategy` over a real table."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from backtest.adapters.strategies.reader import SqlStrategies
from backtest.adapters.strategies.table import STRATEGIES, open_engine, store_at
from backtest.adapters.strategies.writer import StrategyWriter
from tests.bff.doubles import USER
from tests.e2e.grids import GRID, candles
from tests.e2e.world import opened_over
from tests.faces import GraphqlFace, RestFace, to_graphql
from tests.saved_spec import SPEC

OTHER_USER = UUID(int=99)
LIST = """query ($limit: Int) { strategies(limit: $limit) { strategyId name timeframe
  signalTemplate createdTs instrumentId { marketId symbol } } }"""
SAVE = """mutation ($input: VariantReportInput!, $name: String) {
  saveStrategy(input: $input, name: $name) { strategyId name } }"""
DELETE = "mutation ($id: UUID!) { deleteStrategy(strategyId: $id) }"
VARIANTS = """mutation ($input: RunBacktestInput!) { runBacktest(input: $input) {
  instrumentId { marketId symbol } timeframe variants { totalReturnPct payload {
    indicatorSelections { indicatorId inputs { name value } params { name value } }
    signals { indicatorId params { name value } } risk { slEnabled slPct tpEnabled tpPct }
    execution { initCashQuote fixedQuote safeProfitPercent feePct slippagePct }
    directionMode sizingMode } } } }"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'strategies.sqlite'}"


@pytest.fixture
def faces(url: str) -> Iterator[tuple[RestFace, GraphqlFace]]:
    reader, writer = SqlStrategies(url), StrategyWriter(url)
    with opened_over(candles(), reader, open_writer=lambda: writer) as opened:
        yield opened
    reader.close()
    writer.close()


def data(face: GraphqlFace, query: str, **variables: Any) -> Any:
    answer = face.ask(query, variables).json()
    assert "errors" not in answer, json.dumps(answer)
    (value,) = answer["data"].values()
    return value


def refused(face: GraphqlFace, query: str, **variables: Any) -> tuple[str, list[str]]:
    (error,) = face.ask(query, variables).json()["errors"]
    told = error["extensions"]
    places = [f"{item['path']} {item['code']}" for item in told["details"].get("errors", ())]
    return told["code"], places


def best(face: GraphqlFace) -> tuple[float, dict[str, Any]]:
    """The best variant of a run, and the input that stands for it alone."""
    run = data(face, VARIANTS, input=to_graphql(GRID))
    variant = run["variants"][0]
    payload = variant["payload"]
    selections = [
        {
            "indicatorId": item["indicatorId"],
            "params": item["params"],
            "source": next(entry["value"] for entry in item["inputs"]),
        }
        for item in payload["indicatorSelections"]
    ]
    shared = {name: payload[name] for name in ("signals", "risk", "execution")}
    modes = {name: payload[name] for name in ("directionMode", "sizingMode")}
    return variant["totalReturnPct"], {
        "timeRange": GRID["time_range"],
        "instrumentId": run["instrumentId"],
        "timeframe": run["timeframe"],
        "indicatorSelections": selections,
        **shared,
        **modes,
    }


def test_a_saved_variant_is_listed_and_runs_as_it_was(
    faces: tuple[RestFace, GraphqlFace],
) -> None:
    rest, graphql = faces
    total_return_pct, variant = best(graphql)

    saved = data(graphql, SAVE, input=variant, name="  the best  ")
    (line,) = data(graphql, LIST)

    assert (line["strategyId"], line["name"]) == (saved["strategyId"], "the best")
    assert (line["timeframe"], line["instrumentId"]["symbol"]) == ("1m", "BTCUSDT")
    assert line["signalTemplate"] == "ma.sma AND momentum.rsi"
    again = rest.run(
        {
            "time_range": GRID["time_range"],
            "warmup_bars": GRID["warmup_bars"],
            "strategy_id": saved["strategyId"],
        }
    )
    assert again["variants"][0]["total_return_pct"] == total_return_pct


@pytest.mark.parametrize(
    "odd",
    [
        {"instrument_id": {"market_id": None}},
        {"instrument_id": {"market_id": "one", "symbol": 7}},
        {"instrument_id": {"market_id": 1 << 40, "symbol": "half a \ud83d character"}},
        {"instrument_id": "BTC", "timeframe": None, "signal_template": ["ma.sma"]},
        {"instrument_id": [1], "timeframe": {}},
        {"instrument_id": 0},
    ],
)
def test_a_row_that_is_odd_is_listed_beside_the_good_ones(
    url: str, faces: tuple[RestFace, GraphqlFace], odd: dict[str, Any]
) -> None:
    writer = StrategyWriter(url)
    for number in (1, 2):
        writer.add(
            strategy_id=UUID(int=number),
            user_id=USER,
            name=f"number {number}",
            spec=SPEC,
            created_at=datetime(2024, 1, number, tzinfo=UTC),
        )
    writer.close()
    engine = open_engine(store_at(url), is_read_only=False)
    with engine.begin() as connection:
        second = STRATEGIES.c.strategy_id == UUID(int=2)
        connection.execute(sa.update(STRATEGIES).where(second).values(spec_json={**SPEC, **odd}))
    engine.dispose()

    odd_line, good = data(faces[1], LIST)

    assert (odd_line["name"], good["name"]) == ("number 2", "number 1")
    assert good["instrumentId"]["symbol"] == SPEC["symbol"]
    assert odd_line["instrumentId"]["marketId"] == 0


def test_a_name_is_made_where_none_is_given(faces: tuple[RestFace, GraphqlFace]) -> None:
    _, graphql = faces
    _, variant = best(graphql)

    assert data(graphql, SAVE, input=variant)["name"] == "BTCUSDT 1m ma.sma AND momentum.rsi"


def test_values_that_were_left_out_are_stored_as_they_were_used(
    faces: tuple[RestFace, GraphqlFace], url: str
) -> None:
    _, graphql = faces
    _, variant = best(graphql)
    saved = data(graphql, SAVE, input={**variant, "execution": {"feePct": 0.5}})

    found = SqlStrategies(url).find(UUID(saved["strategyId"]))

    assert found is not None
    assert found.spec["execution"] == {
        "init_cash_quote": 10_000.0,
        "fixed_quote": 100.0,
        "safe_profit_percent": 30.0,
        "fee_pct": 0.5,
        "slippage_pct": 0.01,
    }


def test_a_deleted_strategy_is_gone(faces: tuple[RestFace, GraphqlFace]) -> None:
    _, graphql = faces
    _, variant = best(graphql)
    strategy_id = data(graphql, SAVE, input=variant)["strategyId"]

    assert data(graphql, DELETE, id=strategy_id) == strategy_id
    assert data(graphql, LIST) == []
    assert refused(graphql, DELETE, id=strategy_id) == ("not_found", [])


def test_strategies_of_others_are_neither_shown_nor_deleted(
    faces: tuple[RestFace, GraphqlFace], url: str
) -> None:
    _, graphql = faces
    strategy_id = UUID(int=7)
    StrategyWriter(url).add(
        strategy_id=strategy_id,
        user_id=OTHER_USER,
        name="theirs",
        spec=SPEC,
        created_at=datetime.now(UTC),
    )

    assert data(graphql, LIST) == []
    assert refused(graphql, DELETE, id=str(strategy_id)) == ("forbidden", [])


def test_the_newest_come_first_and_no_more_than_asked_for(
    faces: tuple[RestFace, GraphqlFace], url: str
) -> None:
    _, graphql = faces
    writer = StrategyWriter(url)
    for day in (2, 3, 1):
        writer.add(
            strategy_id=UUID(int=day),
            user_id=UUID("00000000-0000-4000-8000-000000000001"),
            name=f"of day {day}",
            spec=SPEC,
            created_at=datetime(2024, 1, day, tzinfo=UTC),
        )

    names = [line["name"] for line in data(graphql, LIST, limit=2)]

    assert names == ["of day 3", "of day 2"]


def test_every_mistake_is_told_at_its_place(faces: tuple[RestFace, GraphqlFace]) -> None:
    _, graphql = faces
    _, variant = best(graphql)
    (first, *rest) = variant["indicatorSelections"]
    several = {**variant, "indicatorSelections": [{**first, "params": []}, *rest]}
    unknown = {**variant, "indicatorSelections": [{"indicatorId": "ma.none"}]}

    assert refused(graphql, SAVE, input=several) == ("validation_error", ["input many_variants"])
    code, places = refused(graphql, SAVE, input=unknown)
    assert code == "validation_error"
    assert any(place.startswith("input.indicatorSelections.0.") for place in places)
    assert refused(graphql, SAVE, input=variant, name="x" * 201)[1] == [
        "input.name string_too_long"
    ]
    assert refused(graphql, LIST, limit=0)[1] == ["limit out_of_bounds"]


def test_nothing_is_written_where_that_is_switched_off(url: str) -> None:
    reader = SqlStrategies(url)
    with opened_over(candles(), reader) as (_, graphql):
        _, variant = best(graphql)

        assert data(graphql, "{ runtimeDefaults { canSaveStrategies } }") == {
            "canSaveStrategies": False
        }
        for query, variables in ((SAVE, {"input": variant}), (DELETE, {"id": str(UUID(int=1))})):
            code, places = refused(graphql, query, **variables)
            assert code == "validation_error"
            assert len(places) == 1
            assert places[0].endswith("saving_disabled")
        assert data(graphql, LIST) == []
    reader.close()
