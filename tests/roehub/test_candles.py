import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

import roehub
from backtest.adapters.ingest.options import ImportOptions
from roehub.candles import FrameOptions
from roehub.wording import in_python

ROOT = Path(__file__).resolve().parents[2]

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
        ({}, "90s", "a whole number of minutes"),
        ({}, "7m", "that divides a day evenly"),
        ({}, "2d", "that divides a day evenly"),
    ],
)
def test_wrong_candles_are_refused_as_a_whole(
    tmp_path: Path, change: dict[str, float], interval: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        roehub.candles.put(hours().assign(**change), NAME, interval=interval, store=tmp_path)

    assert not list(tmp_path.rglob("*.parquet"))


def two_tickers() -> pd.DataFrame:
    """A frame as some downloads are: the symbol stands below each name."""
    frame = hours().rename(columns=str.title)
    return frame.set_axis(pd.MultiIndex.from_product([frame.columns, ["AAA-USD"]]), axis=1)


@pytest.mark.parametrize(
    "frame",
    [
        pa.Table.from_pandas(hours()),
        hours().rename(columns=str.title),
        hours().reset_index(),
        two_tickers(),
        pd.concat([hours(), hours().iloc[:3]]),
        hours().iloc[::-1],
    ],
    ids=["arrow", "capitals", "column", "symbols", "repeated", "descending"],
)
def test_frames_of_every_kind_are_taken(tmp_path: Path, frame: object) -> None:
    assert roehub.candles.put(frame, NAME, interval="1h", store=tmp_path) == 30


def test_periods_and_times_without_a_zone_are_taken_where_their_zone_is_said(
    tmp_path: Path,
) -> None:
    naive = hours().tz_localize(None)

    put = roehub.candles.put(naive, NAME, interval="1h", store=tmp_path, timezone="UTC")
    again = roehub.candles.put(
        naive.to_period("h"), NAME, interval="1h", store=tmp_path, timezone="UTC"
    )

    assert (put, again) == (30, 0)


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (hours().tz_localize(None), 'pass timezone="UTC"'),
        (hours().drop(columns="volume"), "pass zero_volume=True"),
        (
            hours().rename(columns={"open": "first"}),
            "no column for open; the columns are time, first",
        ),
        (hours().reset_index(drop=True), "no column for the time"),
        (hours().iloc[:0], "stored: there are no rows"),
        (pd.concat([hours(), hours().iloc[:1].assign(volume=5.0)]), "row 30: .* but row 0 has it"),
        (hours().assign(close=[1, "x"] * 15), "Could not convert 'x'"),
    ],
    ids=["no zone", "no volume", "no open", "no time", "no rows", "two of one time", "text"],
)
def test_what_is_wrong_is_told_in_words_of_python(
    tmp_path: Path, frame: pd.DataFrame, told: str
) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        roehub.candles.put(frame, NAME, interval="1h", store=tmp_path)

    assert "--" not in str(refused.value)
    assert "file" not in str(refused.value)


def test_every_option_that_an_import_names_is_an_argument() -> None:
    sources = (ROOT / "backtest" / "adapters" / "ingest").glob("*.py")
    text = "".join(source.read_text(encoding="utf-8") for source in sources)
    told: set[str] = set(re.findall(r"--[a-z-]+(?: [a-z{A-Z]+)?", text))

    spoken = {in_python(option.replace("{", "")) for option in told}

    arguments = {word.partition("=")[0] for word in spoken}
    assert len(told) > 5
    assert arguments <= {"interval", "the instrument", *FrameOptions.__annotations__}


def test_what_candles_do_not_say_is_what_an_import_may_be_told() -> None:
    fields = set(ImportOptions.__dataclass_fields__)

    assert set(FrameOptions.__annotations__) == fields - {"symbol", "length_ms"}


def test_a_word_that_put_does_not_know_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no 'time_zone'; did you mean timezone"):
        roehub.candles.put(hours(), NAME, store=tmp_path, time_zone="UTC")  # pyright: ignore[reportCallIssue]


def test_a_symbol_may_be_written_in_lower_case(tmp_path: Path) -> None:
    roehub.candles.put(hours(), NAME.lower(), interval="1h", store=tmp_path)

    assert len(roehub.candles.get(NAME, interval="1h", store=tmp_path)) == 30
    assert len(roehub.candles.get((1, " aaausdt "), interval="1h", store=tmp_path)) == 30


@pytest.mark.parametrize(
    ("instrument", "fault"),
    [
        ({"market_id": 1}, "symbol"),
        ((1, ""), "symbol"),
        ((70_000, "X"), "market_id"),
        ({"market_id": 1, "symbol": "X", "name": "Y"}, "name"),
    ],
)
def test_what_is_no_instrument_is_told(tmp_path: Path, instrument: object, fault: str) -> None:
    with pytest.raises(ValueError, match=f"is not an instrument: {fault}"):
        roehub.candles.put(hours(), instrument, interval="1h", store=tmp_path)


def test_times_may_stand_in_a_column_and_the_index(tmp_path: Path) -> None:
    frame = hours().rename_axis("time").reset_index().set_index("time", drop=False)

    assert roehub.candles.put(frame, NAME, interval="1h", store=tmp_path) == 30


def test_a_range_is_of_whole_milliseconds(tmp_path: Path) -> None:
    roehub.candles.put(hours(), NAME, interval="1h", store=tmp_path)
    moment = "2024-01-01T02:00:00.00{}+00:00"

    for last, hour in ((0, 2), (1, 3)):
        found = roehub.candles.get(NAME, moment.format(last), interval="1h", store=tmp_path)
        assert found.index[0].hour == hour


def test_what_is_no_frame_is_told(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a frame of pandas, Polars or Arrow, was dict"):
        roehub.candles.put({"open": [1.0]}, NAME, store=tmp_path)


def test_candles_that_are_not_there_are_told_with_the_nearest(tmp_path: Path) -> None:
    roehub.candles.put(hours(), NAME, interval="1h", store=tmp_path)

    with pytest.raises(ValueError, match="did you mean binance:spot:AAAUSDT 1h"):
        roehub.candles.get("binance:spot:AAAUSDC", interval="1h", store=tmp_path)
    assert roehub.candles.get(NAME, "2023-01-01", "2023-02-01", interval="1h", store=tmp_path).empty
