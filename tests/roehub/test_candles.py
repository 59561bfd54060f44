from pathlib import Path

import pandas as pd
import pytest

import roehub

NAME = "binance:spot:AAAUSDT"


def hours(n: int = 30) -> pd.DataFrame:
    times = pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC", name="time")
    close = pd.Series([100.0 + hour % 7 for hour in range(n)])
    columns = {
        "open": close,
        "high": close + 1.5,
        "low": close - 0.25,
        "close": close + 1,
        "volume": 2.0,
    }
    return pd.DataFrame(columns).set_index(times)


def test_what_is_put_can_be_got_to_the_bit(tmp_path: Path) -> None:
    frame = hours()

    n_written = roehub.candles.put(frame, NAME, interval="1h", store=tmp_path)
    found = roehub.candles.get(NAME, interval="1h", store=tmp_path)

    assert n_written == 30
    assert found.to_dict("list") == frame.to_dict("list")
    assert found.index.tolist() == frame.index.tolist()


def test_a_range_is_half_open(tmp_path: Path) -> None:
    roehub.candles.put(hours(), NAME, interval="1h", store=tmp_path)

    found = roehub.candles.get(
        NAME, "2024-01-01T02:00", "2024-01-01T05:00", interval="1h", store=tmp_path
    )

    assert [time.hour for time in found.index] == [2, 3, 4]


def test_what_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    roehub.candles.put(hours(), NAME, interval="1h", store=tmp_path)

    assert roehub.candles.put(hours(), NAME, interval="1h", store=tmp_path) == 0


@pytest.mark.parametrize(
    ("change", "interval", "told"),
    [
        ({"close": 500.0}, "1h", "close"),
        ({}, "1m", "1h"),
        ({}, "90s", "written like 1m"),
    ],
)
def test_wrong_candles_are_refused_as_a_whole(
    tmp_path: Path, change: dict[str, float], interval: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        roehub.candles.put(hours().assign(**change), NAME, interval=interval, store=tmp_path)

    assert not list(tmp_path.rglob("*.parquet"))
