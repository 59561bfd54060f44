"""A trader who has hours runs hours and more, and is told why nothing shorter."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.table import Minutes, create_table, insert_minutes
from backtest.types import Instrument
from tests.backtest.adapters.minutes import MIDNIGHT_MS, random_minutes
from tests.e2e.answers import whole_answer
from tests.e2e.world import Faces, opened_over

HOUR_MS = 3_600_000
N_DAYS = 60


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faces]:
    given = random_minutes(N_DAYS * 24)
    ts_open = MIDNIGHT_MS + HOUR_MS * np.arange(len(given), dtype=np.int64)
    hours = Minutes(ts_open=ts_open, columns=given.columns, length_ms=HOUR_MS)
    instrument = Instrument(market_id=1, symbol="BTCUSDT")
    with closing(ClickHousePool(EmbeddedEngine(directory=tmp_path_factory.mktemp("c")))) as pool:
        create_table(pool)
        insert_minutes(pool, instrument, hours, source="test", ingested_at=1)
        with opened_over(ClickHouseCandles(pool)) as faces:
            yield faces


def request(timeframe: str) -> dict[str, Any]:
    return {
        "time_range": {"start": "2024-01-20T00:00:00Z", "end": "2024-02-20T00:00:00Z"},
        "warmup_bars": 5,
        "template": {
            "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
            "timeframe": timeframe,
            "indicator_grids": [
                {
                    "indicator_id": "ma.sma",
                    "params": {"window": {"mode": "explicit", "values": [3, 4]}},
                }
            ],
        },
    }


@pytest.mark.parametrize(("timeframe", "n_bars"), [("1h", 744), ("4h", 186), ("1d", 31)])
def test_hours_do_for_hours_and_more(faces: Faces, timeframe: str, n_bars: int) -> None:
    rest, graphql = faces

    answer = rest.run(request(timeframe))

    assert answer == whole_answer(graphql, request(timeframe))
    assert answer["target_bars"] == n_bars
    assert answer["data"]["candle_seconds"] == 3_600
    assert (answer["data"]["candles_present"], answer["data"]["candles_missing"]) == (744, 0)
    assert "short_warmup" not in {note["code"] for note in answer["notes"]}


@pytest.mark.parametrize("timeframe", ["1m", "5m", "15m"])
def test_what_is_shorter_is_refused_with_the_reason(faces: Faces, timeframe: str) -> None:
    rest, _ = faces

    answer = rest.client.post("/backtests", json=request(timeframe), headers=rest.headers)

    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["errors"] == [
        {
            "path": "body.template.timeframe",
            "code": "timeframe_too_short",
            "message": f"only 1h candles are stored, and {timeframe} bars cannot be built from"
            " them; choose timeframe 1h, 4h, 1d",
        }
    ]
