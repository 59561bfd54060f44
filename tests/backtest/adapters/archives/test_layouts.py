"""The table of archives, and the page that shows it."""

import re
from datetime import date
from pathlib import Path

import pytest

from backtest.adapters.archives.layouts import ARCHIVES, Archive, Period, months, part

PAGE = Path(__file__).parents[4] / "docs" / "downloads.md"
_MARKS = re.compile(
    r"(<!-- archives -->\n.*?\n\|---.*?\n)(.*?)(<!-- end of archives -->)", re.DOTALL
)


def rows() -> str:
    """The archives as rows of the page."""
    return "".join(
        f"| {each.name} | {each.market_id} | {each.address} | {_code(each.month)}"
        f" | {_code(each.day)} | {_code(each.checksum)} |\n"
        for each in ARCHIVES
    )


def _code(text: str | None) -> str:
    return f"`{text}`" if text else "none"


def test_the_page_shows_every_archive() -> None:
    found = _MARKS.search(PAGE.read_text(encoding="utf-8"))

    assert found is not None
    assert found[2] == rows(), "python -m tests.backtest.adapters.archives.test_layouts writes it"


JANUARY = months(date(2023, 1, 1), date(2023, 1, 1))[0]
DAY = Period(date(2023, 1, 5), date(2023, 1, 5))


@pytest.mark.parametrize(
    ("name", "kind", "period", "path"),
    [
        (
            "binance-spot",
            "month",
            JANUARY,
            "/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2023-01.zip",
        ),
        (
            "binance-spot",
            "day",
            DAY,
            "/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-01-05.zip",
        ),
        (
            "binance-futures",
            "month",
            JANUARY,
            "/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2023-01.zip",
        ),
        (
            "binance-futures",
            "day",
            DAY,
            "/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-01-05.zip",
        ),
        (
            "bybit-metatrader",
            "month",
            JANUARY,
            "/kline_for_metatrader4/BTCUSDT/2023/BTCUSDT_1_2023-01-01_2023-01-31.csv.gz",
        ),
        ("bybit-spot-trades", "month", JANUARY, "/spot/BTCUSDT/BTCUSDT-2023-01.csv.gz"),
        ("bybit-spot-trades", "day", DAY, "/spot/BTCUSDT/BTCUSDT_2023-01-05.csv.gz"),
        ("bybit-futures-trades", "day", DAY, "/trading/BTCUSDT/BTCUSDT2023-01-05.csv.gz"),
    ],
)
def test_paths_are_those_that_are_published(
    name: str, kind: str, period: Period, path: str
) -> None:
    archive = next(each for each in ARCHIVES if each.name == name)

    found = part(archive, _template(archive, kind), "BTCUSDT", "1m", period)

    assert found.path == path
    assert found.stop_ms - found.first_ms == len(list(period.days())) * 86_400_000


def _template(archive: Archive, kind: str) -> str:
    template = archive.month if kind == "month" else archive.day
    assert template is not None
    return template


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_MARKS.sub(lambda found: found[1] + rows() + found[3], text), encoding="utf-8")
