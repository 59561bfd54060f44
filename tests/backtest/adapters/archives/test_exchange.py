"""Candles through ccxt's own client, from an exchange on loopback."""

import json
import sys
import threading
from collections.abc import Generator, Sequence
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from backtest.adapters.archives import exchange as module
from backtest.adapters.archives.download import Outcome, Wanted
from backtest.adapters.archives.exchange import Exchange, NotOffered, download_from
from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import latest_minutes
from backtest.adapters.candles.write import Written
from backtest.types import Instrument
from tests.backtest.adapters.archives.archive_server import MINUTE_MS, midnight_ms
from tests.backtest.adapters.archives.test_download import Listener
from tests.backtest.adapters.minutes import a_new_instrument
from tests.waiting import PATIENCE_S

DAY = "2024-06-01"
NOON_S = midnight_ms(DAY) // 1_000 + 12 * 3_600


class Kraken(ThreadingHTTPServer):
    """Answers with the minutes after `since`, `most_rows` at most; `faults` come first.

    With `window_s` it answers like others do, only with those of that many seconds.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.minutes = [NOON_S + 60 * i for i in range(5)]
        self.faults: list[int | str] = []
        self.asked: list[int] = []
        self.most_rows = 720
        self.window_s: int | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, since: int) -> dict[str, object]:
        if path.endswith("/Assets"):
            return {name: {"altname": name, "decimals": 8} for name in ("XBT", "USD")}
        if path.endswith("/AssetPairs"):
            pair = {"altname": "XBTUSD", "wsname": "XBT/USD", "base": "XBT", "quote": "USD"}
            details = {"pair_decimals": 1, "lot_decimals": 8, "lot": "unit", "status": "online"}
            return {"XBTUSD": {**pair, **details, "fees": [[0, 0.26]], "fees_maker": [[0, 0.16]]}}
        rows = [
            [second, "10", "12", "9", "11", "10.5", "1.5", 7]
            for second in self.minutes
            if second > since and (self.window_s is None or second <= since + self.window_s)
        ]
        return {"XBTUSD": rows[-self.most_rows :], "last": since}


class _Handler(BaseHTTPRequestHandler):
    server: Kraken  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        since = int(parse_qs(where.query).get("since", ["0"])[0])
        is_candles = where.path.endswith("/OHLC")
        self.server.asked += [since] if is_candles else []
        fault = self.server.faults.pop(0) if is_candles and self.server.faults else None
        result = self.server.answer(where.path, since)
        errors = [fault] if isinstance(fault, str) else []
        content = json.dumps({"error": errors, "result": result}).encode()
        self.send_response(fault if isinstance(fault, int) else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nobody reads it."""


@pytest.fixture
def kraken(monkeypatch: pytest.MonkeyPatch) -> Generator[Kraken]:
    monkeypatch.setitem(module._OPTIONS, "enableRateLimit", False)
    monkeypatch.setitem(module._OPTIONS, "timeout", int(1_000 * PATIENCE_S))
    server = Kraken()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def opened(kraken: Kraken, symbol: str = "BTCUSD", spelling: str | None = None) -> Exchange:
    instrument = Instrument(market_id=9, symbol=symbol)
    return Exchange(
        "kraken", instrument, spelling=spelling, source=kraken.address, first_wait_s=0.0
    )


def downloaded(
    pool: ClickHousePool, exchange: Exchange, instrument: Instrument, folder: Path
) -> tuple[Outcome, list[str]]:
    listener = Listener()
    wanted = Wanted(
        instrument=instrument,
        interval="1m",
        first=date(2024, 5, 31),
        last=date.fromisoformat(DAY),
        today=date.fromisoformat(DAY),
        folder=folder,
    )
    return download_from(exchange, pool, wanted, listener), listener.lines


def stored(pool: ClickHousePool, instrument: Instrument) -> list[int]:
    found = latest_minutes(pool, instrument, start_ms=0, stop_ms=4 * 10**12)
    return found.ts_open.tolist()


@pytest.mark.parametrize(
    ("symbol", "spelling"), [("BTCUSD", None), ("XBTUSD", None), ("ANY", "BTC/USD")]
)
def test_the_last_hours_come_from_the_exchange(
    pool: ClickHousePool, kraken: Kraken, tmp_path: Path, symbol: str, spelling: str | None
) -> None:
    instrument = a_new_instrument()

    outcome, _ = downloaded(pool, opened(kraken, symbol, spelling), instrument, tmp_path)

    assert (outcome.written, outcome.n_failed) == (Written(n_new=5), 0)
    assert [str(day) for day in outcome.absent] == ["2024-05-31"]
    assert stored(pool, instrument) == [NOON_S * 1_000 + i * MINUTE_MS for i in range(5)]


@pytest.mark.parametrize("minutes", [(0, 2), (0, 5), range(0, 40, 2), range(0, 600, 60)])
def test_minutes_without_a_trade_are_not_taken_for_longer_candles(
    pool: ClickHousePool, kraken: Kraken, tmp_path: Path, minutes: Sequence[int]
) -> None:
    kraken.minutes = [NOON_S + 60 * minute for minute in minutes]
    instrument = a_new_instrument()

    outcome, lines = downloaded(pool, opened(kraken), instrument, tmp_path)

    assert outcome.n_failed == 0, lines
    assert stored(pool, instrument) == [second * 1_000 for second in kraken.minutes]


def test_a_day_that_is_full_is_not_asked_for_again(
    pool: ClickHousePool, kraken: Kraken, tmp_path: Path
) -> None:
    kraken.minutes = [midnight_ms("2024-05-31") // 1_000 + 60 * i for i in range(1_440)]
    instrument = a_new_instrument()
    kraken.most_rows = 1_440
    exchange = opened(kraken)
    first, _ = downloaded(pool, exchange, instrument, tmp_path)
    kraken.asked.clear()

    second, _ = downloaded(pool, exchange, instrument, tmp_path)

    assert first.written == Written(n_new=1_440)
    assert (second.n_stored, len(kraken.asked)) == (1, 2)
    assert min(kraken.asked) >= midnight_ms(DAY) // 1_000 - 60


@pytest.mark.parametrize("window_minutes", [60, 100, 300, 1_000, None])
@pytest.mark.parametrize("hole_hours", [(1, 2), (1, 12), (6, 23)])
def test_a_stretch_without_trades_does_not_end_the_day(
    pool: ClickHousePool,
    kraken: Kraken,
    tmp_path: Path,
    window_minutes: int | None,
    hole_hours: tuple[int, int],
) -> None:
    midnight_s = midnight_ms(DAY) // 1_000
    first, later = (midnight_s + hour * 3_600 for hour in hole_hours)
    kraken.minutes = [*range(midnight_s, first, 60), *range(later, later + 660, 60)]
    kraken.window_s = window_minutes and 60 * window_minutes
    instrument = a_new_instrument()

    downloaded(pool, opened(kraken), instrument, tmp_path)

    assert stored(pool, instrument) == [second * 1_000 for second in kraken.minutes]
    assert len(kraken.asked) <= 2 * 26


def test_minutes_that_are_not_closed_yet_are_not_asked_for(
    kraken: Kraken, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms = (NOON_S + 150) * 1_000
    monkeypatch.setattr(module.time, "time_ns", lambda: now_ms * 1_000_000)
    kraken.window_s = 3_600
    exchange = opened(kraken)

    rows = list(exchange.minutes(NOON_S * 1_000, NOON_S * 1_000 + 12 * 3_600_000))

    assert [row[0] // 1_000 for row in rows] == [NOON_S, NOON_S + 60]
    assert len(kraken.asked) == 1


@pytest.mark.parametrize("fault", [503, 429, "EAPI:Rate limit exceeded"])
def test_a_busy_exchange_is_asked_again(
    pool: ClickHousePool, kraken: Kraken, tmp_path: Path, fault: int | str
) -> None:
    kraken.faults = [fault]

    outcome, lines = downloaded(pool, opened(kraken), a_new_instrument(), tmp_path)

    assert (outcome.written, outcome.n_failed) == (Written(n_new=5), 0), lines


def test_what_an_exchange_says_is_told(
    pool: ClickHousePool, kraken: Kraken, tmp_path: Path
) -> None:
    kraken.faults = ["EGeneral:Invalid arguments"] * 2

    outcome, lines = downloaded(pool, opened(kraken), a_new_instrument(), tmp_path)

    assert outcome.n_failed == 2
    assert "2024-06-01: Kraken: " in lines[1]
    assert "Invalid arguments" in lines[1]


def test_what_an_exchange_does_not_have_is_named(kraken: Kraken) -> None:
    with pytest.raises(NotOffered, match="Kraken has no NOSUCH; pass the exchange's own symbol"):
        opened(kraken, "NOSUCH")
    with pytest.raises(NotOffered, match="ccxt has no exchange named nosuch"):
        Exchange("nosuch", Instrument(market_id=9, symbol="BTCUSD"))


def test_without_the_extra_it_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, kraken: Kraken
) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)

    with pytest.raises(NotOffered, match=r"pip install 'roehub-backtest\[ccxt\]'"):
        opened(kraken)
