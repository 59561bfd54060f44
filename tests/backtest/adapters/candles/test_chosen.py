import pytest

from backtest.adapters.candles.chosen import Span, chosen_length
from backtest.adapters.candles.series import is_storable, parsed_length
from backtest.enums import spelled_length

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def span(length_ms: int, first_day: int, n_days: int) -> Span:
    stop_ms = (first_day + n_days) * DAY
    return Span(length_ms=length_ms, first_ms=first_day * DAY, last_ms=stop_ms - length_ms)


@pytest.mark.parametrize(
    ("spans", "timeframe_ms", "chosen"),
    [
        ([], HOUR, None),
        ([span(HOUR, 0, 9)], HOUR, HOUR),
        ([span(HOUR, 0, 9)], 4 * HOUR, HOUR),
        ([span(HOUR, 0, 9)], 15 * MINUTE, None),
        ([span(MINUTE, 0, 9), span(HOUR, 0, 9)], HOUR, MINUTE),
        ([span(MINUTE, 4, 5), span(HOUR, 0, 9)], HOUR, MINUTE),
        ([span(MINUTE, 8, 1), span(HOUR, 0, 9)], HOUR, HOUR),
        ([span(MINUTE, 8, 1), span(HOUR, 0, 9)], 15 * MINUTE, MINUTE),
        ([span(5 * MINUTE, 0, 9), span(DAY, 0, 900), span(HOUR, 0, 500)], DAY, HOUR),
        ([span(45 * MINUTE, 0, 9)], HOUR, None),
    ],
    ids=[
        "nothing",
        "hours for hours",
        "hours for four",
        "hours are too long for a quarter",
        "minutes before hours",
        "minutes of more than half",
        "hours where minutes are few",
        "few minutes where hours are too long",
        "the finest that reaches far",
        "a length that does not divide",
    ],
)
def test_the_finest_that_reaches_far_enough(
    spans: list[Span], timeframe_ms: int, chosen: int | None
) -> None:
    assert chosen_length(spans, timeframe_ms) == chosen
    assert chosen_length(spans[::-1], timeframe_ms) == chosen


@pytest.mark.parametrize("text", ["1m", "5m", "45m", "1h", "12h", "1d"])
def test_a_length_is_spelled_as_it_is_read(text: str) -> None:
    length_ms = parsed_length(text)

    assert length_ms is not None
    assert spelled_length(length_ms) == text
    assert is_storable(length_ms)


@pytest.mark.parametrize("length_ms", [0, -MINUTE, 30_000, 7 * MINUTE, 2 * DAY, 7 * DAY])
def test_what_does_not_fill_days_cannot_be_stored(length_ms: int) -> None:
    assert not is_storable(length_ms)


@pytest.mark.parametrize("text", ["", "m", "60m", "0m", "01h", "1.5h", "-1m", "²h", "1w", "24h"])
def test_other_spellings_are_none(text: str) -> None:
    assert parsed_length(text) is None
