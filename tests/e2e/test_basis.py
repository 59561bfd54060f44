"""What an answer rests on, and what is said where there is nothing to rest on; over both faces."""

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from backtest.types import DAY_MS, Instrument
from tests.backtesters import minute_candles
from tests.e2e.answers import whole_answer
from tests.e2e.world import Faces, Shelf, opened_over
from tests.faces import RUN, to_graphql
from tests.memory_feed import MemoryFeed
from tests.saved_spec import SPEC

CASE = Path(__file__).parent / "cases" / "02-flat-tail-after-last-candle"
HOUR_MS = 3_600_000
N_MINUTES = 2 * 1_440
STORED = [
    Instrument(market_id=market_id, symbol=symbol)
    for market_id, symbol in (
        (1, "BTCUSDC"), (1, "BTCUSDT"), (1, "DOGEUSDT"), (1, "ETHUSDT"), (1, "SOLUSDT"),
        (1, "XRPUSDT"), (2, "BTCUSDT"), (2, "LTCUSDT"),
    )
]  # fmt: skip


def hours_of_the_case() -> MemoryFeed:
    with (CASE / "candles.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    moments = [datetime.fromisoformat(row["open_time"]) for row in rows]
    opened = np.array([int(moment.timestamp() * 1000) for moment in moments])
    columns = {
        name: np.array([float(row[name]) for row in rows])
        for name in ("open", "high", "low", "close", "volume")
    }
    return MemoryFeed({"ts_open": opened, **columns}, candle_ms=HOUR_MS)


def test_a_range_a_year_beyond_the_candles_says_so() -> None:
    request = json.loads((CASE / "request.json").read_text("utf-8"))
    expected = json.loads((CASE / "expected.json").read_text("utf-8"))
    with opened_over(hours_of_the_case()) as (rest, graphql):
        answer = rest.run(request)
        assert whole_answer(graphql, request) == answer
        ended = rest.run({**request, "time_range": {**request["time_range"], "end": END}})

    assert answer["data"] == {
        "first_candle": "2024-03-02T00:00:00.000Z",
        "last_candle": "2024-03-06T23:00:00.000Z",
        "candle_seconds": 3_600,
        "candles_expected": 8_736,
        "candles_present": 120,
        "candles_missing": 8_616,
        "bars_filled": 8_615,
        "longest_gap": {
            "start": "2024-03-07T00:00:00.000Z",
            "end": "2025-03-01T00:00:00.000Z",
            "candles": 8_616,
        },
    }
    notes = {note["code"]: note["message"] for note in answer["notes"]}
    assert "candles end at 2024-03-06T23:00" in notes["range_beyond_candles"]
    assert "8,615 of 8,736 bars are made up" in notes["range_beyond_candles"]
    assert expected["right"]["or"].partition(", ")[2] in notes["range_beyond_candles"]
    assert ended["target_bars"] == expected["right"]["target_bars"]
    assert ended["data"]["bars_filled"] == 0
    assert "range_beyond_candles" not in {note["code"] for note in ended["notes"]}


END = "2024-03-07T00:00:00.001Z"


def body(symbol: str = "BTCUSDT", market_id: int = 1, **changes: Any) -> dict[str, Any]:
    axis = {"mode": "explicit", "values": [3, 5, 8]}
    return {
        "time_range": {"start": "1970-01-01T06:00:00Z", "end": "1970-01-02T00:00:00Z"},
        "warmup_bars": 20,
        "top_k": 2,
        "template": {
            "instrument_id": {"market_id": market_id, "symbol": symbol},
            "timeframe": "15m",
            "indicator_grids": [{"indicator_id": "ma.sma", "params": {"window": axis}}],
        },
        **changes,
    }


@pytest.fixture(scope="module")
def faces() -> Iterator[Faces]:
    shelf = Shelf()
    unknown = {"market_id": 1, "symbol": "BTCUSD"}
    shelf.add(1, {**SPEC, "instrument_id": unknown, "symbol": "BTCUSD"})
    candles = MemoryFeed(minute_candles(N_MINUTES, seed=2), stored=STORED)
    with opened_over(candles, shelf) as opened:
        yield opened


def test_notes_do_not_depend_on_what_is_selected(faces: Faces) -> None:
    rest, graphql = faces
    document = """mutation($input: RunBacktestInput!) {
      runBacktest(input: $input) { notes { code message } } }"""

    alone = graphql.ask(document, {"input": to_graphql(body())}).json()["data"]["runBacktest"]

    assert alone["notes"] == rest.run(body())["notes"]
    assert "few_days" in {note["code"] for note in alone["notes"]}


def problem(faces: Faces, request: dict[str, Any]) -> tuple[str, str, str]:
    """The one problem that both faces tell of a request: its place over REST, code, message."""
    rest, graphql = faces
    response = rest.client.post("/backtests", json=request, headers=rest.headers)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (422, "validation_error")
    assert rest.problems(request) == graphql.problems(request)
    (told,) = error["details"]["errors"]
    return told["path"], told["code"], told["message"]


def test_an_unknown_symbol_is_told_at_the_symbol_with_the_nearest(faces: Faces) -> None:
    path, code, message = problem(faces, body("btcusd"))

    assert (path, code) == ("body.template.instrument_id.symbol", "unknown_symbol")
    assert message == (
        "no candles of BTCUSD are stored for market 1; the most similar symbols in that market:"
        " BTCUSDC, BTCUSDT, ETHUSDT, SOLUSDT, XRPUSDT (and 1 more)"
    )


def test_a_symbol_of_another_market_is_found_there(faces: Faces) -> None:
    path, code, message = problem(faces, body("LTCUSDT"))

    assert (path, code) == ("body.template.instrument_id.symbol", "unknown_symbol")
    assert message.endswith("; LTCUSDT is stored for market 2")


def test_an_unknown_market_is_told_at_the_market(faces: Faces) -> None:
    assert problem(faces, body(market_id=4)) == (
        "body.template.instrument_id.market_id",
        "unknown_market",
        "no candles are stored for market 4, only for 1, 2; BTCUSDT is stored for market 1, 2",
    )


def test_an_unknown_symbol_of_a_saved_strategy_is_told_in_the_strategy(faces: Faces) -> None:
    rest, graphql = faces
    asked = {"time_range": body()["time_range"], "strategy_id": str(UUID(int=1))}

    over_rest = rest.client.post("/backtests", json=asked, headers=rest.headers).json()["error"]
    (over_graphql,) = graphql.ask(RUN, {"input": to_graphql(asked)}).json()["errors"]

    assert over_rest["details"] == over_graphql["extensions"]["details"]
    (told,) = over_rest["details"]["errors"]
    assert (told["path"], told["code"]) == ("spec.instrument_id.symbol", "unknown_symbol")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("1969-12-01T00:00:00Z", "1969-12-02T00:00:00Z"),
        ("1970-01-03T03:00:00Z", "1970-01-04T00:00:00Z"),
        ("1990-01-01T00:00:00Z", "1990-01-02T00:00:00Z"),
    ],
    ids=["before", "just behind, where the warm-up has candles", "long after"],
)
def test_a_range_outside_the_store_is_told_with_what_is_stored(
    faces: Faces, start: str, end: str
) -> None:
    asked = body(time_range={"start": start, "end": end})

    assert problem(faces, asked) == (
        "body.time_range",
        "no_market_data",
        "no candles are stored for this range; available: BTCUSDT: 1970-01-01 to 1970-01-02",
    )


def test_a_range_without_a_close_is_told_with_what_is_stored(faces: Faces) -> None:
    between = {"start": "1970-01-01T06:01:00Z", "end": "1970-01-01T06:14:00Z"}

    path, code, message = problem(faces, body(time_range=between))

    assert (path, code) == ("body.time_range", "empty_target")
    assert "no 15m bar closes inside the range" in message
    assert message.endswith("; available: BTCUSDT: 1970-01-01 to 1970-01-02")


def test_an_empty_store_says_that_it_is_empty() -> None:
    nobody: Sequence[Instrument] = []
    with opened_over(MemoryFeed(minute_candles(10), stored=nobody)) as faces:
        path, code, message = problem(faces, body())

    assert (path, code) == ("body.template.instrument_id.symbol", "unknown_symbol")
    assert message == (
        "the candle store is empty; fill it with candles import, candles download or candles"
        " generate"
    )


def test_a_range_that_begins_with_an_outage_says_which_bars_are_made_up() -> None:
    columns = minute_candles(N_MINUTES, seed=2)
    is_there = (columns["ts_open"] < DAY_MS) | (columns["ts_open"] >= DAY_MS + 5 * HOUR_MS)
    outage = MemoryFeed({name: column[is_there] for name, column in columns.items()})
    asked = body(time_range={"start": "1970-01-02T00:00:00Z", "end": "1970-01-02T00:50:00Z"})
    with opened_over(outage) as (rest, graphql):
        answer = rest.run(asked)
        assert whole_answer(graphql, asked) == answer

    notes = {note["code"]: note["message"] for note in answer["notes"]}
    assert notes["range_beyond_candles"] == (
        "No candle opens inside the range: 3 of 4 bars are made up"
    )
    assert answer["data"]["first_candle"] is None
    assert (answer["data"]["candles_expected"], answer["data"]["candles_missing"]) == (50, 50)
