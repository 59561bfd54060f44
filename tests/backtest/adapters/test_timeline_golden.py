"""Golden timelines all the way: stored rows, roll-up in ClickHouse, filled bars."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.table import Minutes, insert_minutes
from backtest.control import Control
from backtest.errors import NoMarketData
from backtest.timeline import fill_bars, load_range
from backtest.types import Bars, Timeframe, TimeRange
from tests.backtest.adapters.minutes import a_new_instrument

GOLDEN = Path(__file__).parents[2] / "golden" / "timeline"
CASES: list[dict[str, Any]] = json.loads((GOLDEN / "cases.json").read_text("utf-8"))["cases"]


def time_range(case: dict[str, Any]) -> TimeRange:
    moments = (datetime.fromisoformat(case["request"][name]) for name in ("start", "end"))
    start_ms, end_ms = (int(moment.timestamp() * 1000) for moment in moments)
    return TimeRange(start_ms=start_ms, end_ms=end_ms)


def bars_of(case: dict[str, Any], pool: ClickHousePool) -> Bars:
    timeframe, asked, instrument = (
        Timeframe(case["timeframe"]),
        time_range(case),
        a_new_instrument(),
    )
    with np.load(GOLDEN / "arrays.npz") as arrays:
        stored = {
            name: arrays[f"{case['id']}/{name}"]
            for name in ("ts_open", "open", "high", "low", "close", "volume")
        }
    ts_open = stored.pop("ts_open")
    stored["volume_base"] = stored.pop("volume")
    minutes = Minutes(ts_open=ts_open, columns=stored)
    insert_minutes(pool, instrument, minutes, source="test", ingested_at=1)
    start_ms, stop_ms = load_range(asked, timeframe, case["warmup_bars"])
    buckets = ClickHouseCandles(pool).load(
        instrument, timeframe, start_ms=start_ms, stop_ms=stop_ms, control=Control()
    )
    return fill_bars(buckets, timeframe, asked, start_ms=start_ms, stop_ms=stop_ms)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['id']} {c['scenario']}" for c in CASES])
def test_golden_timeline(case: dict[str, Any], pool: ClickHousePool) -> None:
    expected = case["expected"]
    if "error" in expected:
        is_no_data = "market data" in str(expected["error"])
        if not is_no_data:
            pytest.skip("refused before anything is loaded")
        with pytest.raises(NoMarketData):
            bars_of(case, pool)
        return

    bars = bars_of(case, pool)

    assert [bars.target_start, bars.target_stop] == expected["target_slice"]
    assert len(bars) == expected["bars"]
    for name in ("ts_open", "open", "high", "low", "close", "volume"):
        assert getattr(bars, name).tolist() == expected[name], name
