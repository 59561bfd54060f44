"""Golden timelines over candles in memory: load range, bars and target slice, exactly."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from backtest.errors import NoMarketData
from backtest.timeline import count_bars, fill_bars, load_range
from backtest.types import Bars, Timeframe, TimeRange
from schema.request import RunOptions as RunOptionsModel
from tests.golden_files import GOLDEN, golden_cases, to_ms
from tests.memory_feed import COLUMNS, roll_up

ALL = golden_cases("timeline/cases.json")
ERRORS = {case["scenario"]: case for case in ALL if "error" in case["expected"]}
CASES = [case for case in ALL if "error" not in case["expected"]]
WITHOUT_DATA = ["no_data_error", "only_unclosed_bucket_error"]
REFUSED_BEFORE = {"warmup_zero_error": "warmup_bars", "start_after_end_error": "time_range"}


def range_of(case: dict[str, Any]) -> TimeRange:
    asked = case["request"]
    return TimeRange(start_ms=to_ms(asked["start"]), end_ms=to_ms(asked["end"]))


def bars_of(case: dict[str, Any]) -> Bars:
    timeframe, asked = Timeframe(case["timeframe"]), range_of(case)
    with np.load(GOLDEN / "timeline" / "arrays.npz") as arrays:
        minutes = {name: arrays[f"{case['id']}/{name}"] for name in COLUMNS}
    start_ms, stop_ms = load_range(asked, timeframe, case["warmup_bars"])
    buckets = roll_up(minutes, timeframe, start_ms=start_ms, stop_ms=stop_ms)
    return fill_bars(buckets, timeframe, asked, start_ms=start_ms, stop_ms=stop_ms)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['id']} {c['scenario']}" for c in CASES])
def test_bars_equal_the_reference(case: dict[str, Any]) -> None:
    expected = case["expected"]
    asked = load_range(range_of(case), Timeframe(case["timeframe"]), case["warmup_bars"])
    bars = bars_of(case)

    assert asked == (expected["load_1m_start_ms"], expected["load_1m_end_ms"])
    assert len(bars) == expected["bars"]
    assert [bars.target_start, bars.target_stop] == expected["target_slice"]
    for name in COLUMNS:
        assert getattr(bars, name).tolist() == expected[name], name


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_counting_bars_never_promises_fewer_than_there_are(case: dict[str, Any]) -> None:
    timeframe, asked = Timeframe(case["timeframe"]), range_of(case)
    start_ms, stop_ms = load_range(asked, timeframe, case["warmup_bars"])
    n_loaded, n_target = count_bars(asked, timeframe, start_ms=start_ms, stop_ms=stop_ms)
    bars = bars_of(case)

    assert n_loaded >= len(bars)
    assert n_target >= bars.target_stop - bars.target_start


@pytest.mark.parametrize("scenario", WITHOUT_DATA)
def test_a_range_without_a_finished_bar_has_no_market_data(scenario: str) -> None:
    with pytest.raises(NoMarketData, match="no market data for requested range"):
        bars_of(ERRORS[scenario])


@pytest.mark.parametrize("scenario", REFUSED_BEFORE)
def test_meaningless_ranges_are_refused_by_the_request_model(scenario: str) -> None:
    case = ERRORS[scenario]
    body = {"time_range": case["request"], "warmup_bars": case["warmup_bars"]}

    with pytest.raises(ValidationError) as caught:
        RunOptionsModel.model_validate(body)

    assert [error["loc"][0] for error in caught.value.errors()] == [REFUSED_BEFORE[scenario]]


def test_every_error_case_is_shown() -> None:
    assert set(ERRORS) == {*WITHOUT_DATA, *REFUSED_BEFORE}
