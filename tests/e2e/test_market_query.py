"""`instruments` and `bars`: what the candle store holds, as GraphQL tells it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backtest.ports import Buckets
from backtest.types import Instrument
from resolvers.market import StoredFacts, join_bars
from tests.e2e.grids import RANGE, candles
from tests.e2e.world import opened_over
from tests.faces import GraphqlFace

INSTRUMENT = {"marketId": 1, "symbol": "BTCUSDT"}
STORED = StoredFacts(
    candle_ms=60_000,
    instrument=Instrument(market_id=1, symbol="BTCUSDT"),
    first_ms=1_704_067_200_000,
    last_ms=1_704_070_740_000,
    n_minutes=58,
    n_rows=60,
    n_gaps=1,
    n_missing=2,
    shares=[1.0, 0.5],
    sources=("synthetic",),
)
BARS = """query ($timeframe: Timeframe!, $range: TimeRangeInput!, $n: Int) {
  bars(instrument: {marketId: 1, symbol: " btcusdt "}, timeframe: $timeframe, range: $range,
       maxPoints: $n) { barsPerPoint points { ts open high low close volume } } }"""


@pytest.fixture(scope="module")
def face() -> Iterator[GraphqlFace]:
    with opened_over(candles(), instruments=[STORED]) as (_, graphql):
        yield graphql


def bars(face: GraphqlFace, **variables: Any) -> dict[str, Any]:
    answer = face.ask(BARS, {"timeframe": "M1", "range": RANGE, **variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]["bars"]


def refusal(face: GraphqlFace, arguments: str) -> list[tuple[str, str]]:
    (error,) = face.ask(f"{{ bars({arguments}) {{ barsPerPoint }} }}").json()["errors"]
    assert error["extensions"]["code"] == "validation_error"
    return [(item["path"], item["code"]) for item in error["extensions"]["details"]["errors"]]


def test_instruments_tell_their_range_and_gaps(face: GraphqlFace) -> None:
    query = """{ instruments { instrumentId { marketId symbol } candleSeconds firstTs lastTs minutes
      rows gaps missingMinutes coverage sources } }"""

    (told,) = face.ask(query).json()["data"]["instruments"]

    assert told == {
        "instrumentId": INSTRUMENT,
        "candleSeconds": 60,
        "firstTs": "2024-01-01T00:00:00.000Z",
        "lastTs": "2024-01-01T00:59:00.000Z",
        "minutes": 58,
        "rows": 60,
        "gaps": 1,
        "missingMinutes": 2,
        "coverage": [1.0, 0.5],
        "sources": ["synthetic"],
    }


def test_bars_are_those_of_the_store_where_all_of_them_fit(face: GraphqlFace) -> None:
    found = bars(face, n=1_000)

    assert found["barsPerPoint"] == 1
    assert len(found["points"]) == 790
    assert found["points"][0]["ts"] == "1970-01-01T01:00:00.000Z"


def test_joined_bars_keep_extremes_ends_and_volume(face: GraphqlFace) -> None:
    each, joined = bars(face, n=5_000)["points"], bars(face, n=100)

    step = joined["barsPerPoint"]
    assert step == 8
    assert len(joined["points"]) == 99
    for i, point in enumerate(joined["points"]):
        part = each[i * step : (i + 1) * step]
        assert point["ts"] == part[0]["ts"]
        assert (point["open"], point["close"]) == (part[0]["open"], part[-1]["close"])
        assert point["high"] == max(bar["high"] for bar in part)
        assert point["low"] == min(bar["low"] for bar in part)
        assert point["volume"] == pytest.approx(sum(bar["volume"] for bar in part))


def test_a_range_that_is_not_aligned_shows_the_bars_that_it_touches(face: GraphqlFace) -> None:
    touched = {"start": "1970-01-01T01:00:30Z", "end": "1970-01-01T01:01:01Z"}

    points = bars(face, range=touched)["points"]

    assert [point["ts"][11:16] for point in points] == ["01:00", "01:01"]


def test_no_bars_are_an_empty_list(face: GraphqlFace) -> None:
    later = {"start": "2001-01-01T00:00:00Z", "end": "2001-01-02T00:00:00Z"}

    assert bars(face, range=later) == {"barsPerPoint": 2, "points": []}


YEARS = '{start: "1970-01-01T00:00:00Z", end: "1975-01-01T00:00:00Z"}'
HOUR = '{start: "1970-01-01T01:00:00Z", end: "1970-01-01T02:00:00Z"}'
OURS = '{marketId: 1, symbol: "X"}'
MISTAKES = {
    f"instrument: {OURS}, timeframe: M1, range: {YEARS}": [("range", "too_many_bars")],
    f"instrument: {OURS}, timeframe: M1, range: {HOUR}, maxPoints: 1": [
        ("maxPoints", "greater_than_equal")
    ],
    f"instrument: {OURS}, timeframe: M1, range: {HOUR}, maxPoints: 5001": [
        ("maxPoints", "less_than_equal")
    ],
    f'instrument: {{marketId: 0, symbol: ""}}, timeframe: M7, range: {HOUR}': [
        ("instrument.marketId", "greater_than_equal"),
        ("instrument.symbol", "string_too_short"),
        ("timeframe", "enum"),
    ],
    f"instrument: {OURS}, timeframe: M1, range: {{start: 5}}": [
        ("range.end", "required"),
        ("range.start", "datetime_type"),
    ],
    f"instrument: {OURS}, timeframe: M1, range: {HOUR}, more: 1": [("more", "extra_forbidden")],
}


@pytest.mark.parametrize("arguments", MISTAKES)
def test_every_mistake_is_told_at_its_argument(face: GraphqlFace, arguments: str) -> None:
    assert refusal(face, arguments) == MISTAKES[arguments]


def test_both_want_a_token(face: GraphqlFace) -> None:
    for query in ("{ instruments { minutes } }", BARS):
        answer = face.ask(query, {"timeframe": "M1", "range": RANGE}, Authorization="").json()
        assert answer["errors"][0]["extensions"]["code"] == "unauthorized"


def test_a_stretch_without_bars_makes_no_point() -> None:
    ones = np.ones(3)
    buckets = Buckets(
        ts_open=np.array([10, 20, 70]),
        open=ones,
        high=ones,
        low=ones,
        close=ones,
        volume=ones,
        candle_ms=10,
        runs=np.array([[10, 20], [70, 70]]),
    )

    joined = join_bars(buckets, start_ms=0, point_ms=30)

    assert joined.ts_open.tolist() == [0, 60]
    assert joined.volume.tolist() == [2.0, 1.0]
