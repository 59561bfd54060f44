"""Downloads from an archive on loopback, over real HTTP."""

import errno
import itertools
import os
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backtest.adapters.archives import download as module
from backtest.adapters.archives import fetch, trades
from backtest.adapters.archives.download import Outcome, Wanted, download
from backtest.adapters.archives.layouts import Period, months
from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.coverage import coverage
from backtest.adapters.candles.table import latest_minutes
from backtest.adapters.candles.write import Written
from backtest.adapters.ingest.importer import CheckedFile
from backtest.adapters.ingest.spool import Spool
from backtest.errors import CandlesUnavailable
from backtest.types import Instrument
from tests.backtest.adapters.archives.archive_server import (
    MINUTE_MS,
    ArchiveServer,
    gzipped,
    klines,
    midnight_ms,
    running_archive,
    zipped,
)
from tests.ports import silent_port
from tests.waiting import PATIENCE_S

TODAY = date(2024, 6, 3)
_numbers = itertools.count()


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Generator[ArchiveServer]:
    monkeypatch.setattr(fetch, "_SILENCE_S", PATIENCE_S)
    with running_archive() as server:
        yield server


class Listener:
    def __init__(self) -> None:
        self.n_planned = self.n_bytes = self.n_absent = 0
        self.lines: list[str] = []

    def planned(self, n_files: int) -> None:
        self.n_planned += n_files

    def received(self, n_bytes: int) -> None:
        self.n_bytes += n_bytes

    def absent(self) -> None:
        self.n_absent += 1

    def imported(self, name: str, checked: CheckedFile, written: Written) -> None:
        self.lines.append(f"{name} {written.n_new}")

    def refused(self, name: str, checked: CheckedFile) -> None:
        self.lines.append(f"{name} refused: {checked.problems} {checked.reasons}")

    def failed(self, reason: str) -> None:
        self.lines.append(reason)


class Client:
    """Downloads into one store with a folder of its own."""

    def __init__(self, pool: ClickHousePool, archive: ArchiveServer, folder: Path) -> None:
        self.pool, self.archive, self.folder = pool, archive, folder
        self.symbol = f"FETCH{next(_numbers)}USDT"
        self.market_id = 1
        self.lines: list[str] = []

    @property
    def instrument(self) -> Instrument:
        return Instrument(market_id=self.market_id, symbol=self.symbol)

    def month(self, month: str) -> str:
        symbol = self.symbol
        return f"/data/spot/monthly/klines/{symbol}/1m/{symbol}-1m-{month}.zip"

    def day(self, day: str) -> str:
        symbol = self.symbol
        return f"/data/spot/daily/klines/{symbol}/1m/{symbol}-1m-{day}.zip"

    def publish(self, month: str, n: int = 3) -> str:
        """A month of `n` minutes; returns its path."""
        path = self.month(month)
        self.archive.publish(path, zipped(klines(midnight_ms(f"{month}-01"), n)))
        return path

    def publish_day(self, day: str, n: int = 3) -> str:
        path = self.day(day)
        self.archive.publish(path, zipped(klines(midnight_ms(day), n)))
        return path

    def download(
        self,
        first: str,
        last: str = "2024-06-02",
        *,
        skip_refused: bool = False,
        listener: Listener | None = None,
        interval: str = "1m",
    ) -> Outcome:
        listener = listener or Listener()
        wanted = Wanted(
            instrument=self.instrument,
            interval=interval,
            first=date.fromisoformat(first),
            last=date.fromisoformat(last),
            today=TODAY,
            folder=self.folder,
            source=self.archive.address,
            skip_refused=skip_refused,
            first_wait_s=0.0,
        )
        outcome = download(self.pool, wanted, listener)
        self.lines = listener.lines
        return outcome

    def stored(self) -> list[int]:
        found = latest_minutes(self.pool, self.instrument, start_ms=0, stop_ms=4 * 10**12)
        return found.ts_open.tolist()


@pytest.fixture
def client(pool: ClickHousePool, archive: ArchiveServer, tmp_path: Path) -> Client:
    return Client(pool, archive, tmp_path)


def minutes_of(*days: str, n: int = 3) -> list[int]:
    return [midnight_ms(day) + i * MINUTE_MS for day in days for i in range(n)]


def test_months_come_whole_and_days_for_what_has_no_month_yet(client: Client) -> None:
    for month in ("2024-03", "2024-04"):
        client.publish(month)
    for day in ("2024-05-30", "2024-05-31", "2024-06-01"):
        client.publish_day(day)

    outcome = client.download("2024-03-01")

    expected = ("2024-03-01", "2024-04-01", "2024-05-30", "2024-05-31", "2024-06-01")
    assert client.stored() == minutes_of(*expected)
    assert (outcome.written, outcome.n_imported) == (Written(n_new=15), 5)
    assert outcome.n_failed == 0
    assert Period(date(2024, 6, 2), date(2024, 6, 2)) in outcome.absent
    asked = {path for path, _ in client.archive.asked}
    assert client.day("2024-04-30") not in asked
    assert client.day("2024-06-03") not in asked


def test_only_what_is_missing_is_asked_for(client: Client) -> None:
    paths = [client.publish(month) for month in ("2024-02", "2024-03")]
    client.download("2024-02-01", "2024-03-31")
    client.publish("2024-01")
    client.archive.asked.clear()

    outcome = client.download("2024-01-01", "2024-03-31")

    assert (outcome.n_stored, outcome.n_imported) == (2, 1)
    assert not any(client.archive.n_asked(path) for path in paths)


def test_a_month_that_is_full_from_elsewhere_is_not_asked_for(client: Client) -> None:
    client.publish("2024-02", n=29 * 1_440)
    client.download("2024-02-01", "2024-02-29")
    elsewhere = Client(client.pool, client.archive, client.folder / "other")
    elsewhere.symbol = client.symbol
    client.archive.asked.clear()

    outcome = elsewhere.download("2024-02-01", "2024-02-29")

    assert (outcome.n_stored, client.archive.asked) == (1, [])


def test_another_store_is_filled_from_the_files_that_are_here(client: Client) -> None:
    path = client.publish("2024-02")
    client.download("2024-02-01", "2024-02-29")
    client.archive.asked.clear()
    name = Path(path).name
    kept = next(client.folder.rglob(name))
    client.symbol = f"{client.symbol}2"
    kept.rename(kept.with_name(name.replace(client.symbol[:-1], client.symbol)))

    outcome = client.download("2024-02-01", "2024-02-29")

    assert outcome.written == Written(n_new=3)
    assert client.archive.asked == []


def test_months_before_the_listing_are_absent_and_no_failure(client: Client) -> None:
    client.publish("2024-03")

    outcome = client.download("2023-11-01", "2024-03-31")

    assert (outcome.n_imported, outcome.n_failed) == (1, 0)
    assert outcome.absent == months(date(2023, 11, 1), date(2024, 2, 1))
    assert not any("daily" in path for path, _ in client.archive.asked)


def test_days_are_asked_for_a_month_that_is_missing_among_others(client: Client) -> None:
    client.publish("2024-01")
    client.publish("2024-03")
    client.publish_day("2024-02-10")

    outcome = client.download("2024-01-01", "2024-03-31")

    assert client.stored() == minutes_of("2024-01-01", "2024-02-10", "2024-03-01")
    assert len(outcome.absent) == 28


def test_of_what_no_archive_has_nothing_is_stored(client: Client) -> None:
    outcome = client.download("2024-01-01", "2024-03-31")

    assert (outcome.n_imported, outcome.n_stored, outcome.n_failed) == (0, 0, 0)
    assert outcome.absent == months(date(2024, 1, 1), date(2024, 3, 1))
    assert client.stored() == []


def test_a_wrong_checksum_is_fetched_again_and_never_stored(client: Client) -> None:
    path = client.publish("2024-02")
    client.archive.publish(path, client.archive.files[path], checksum="0" * 64)
    client.publish("2024-03")

    outcome = client.download("2024-02-01", "2024-03-31")

    assert (outcome.n_failed, outcome.n_imported) == (1, 1)
    assert client.archive.n_asked(path) > 1
    (line,) = [line for line in client.lines if "SHA-256" in line]
    assert f"the archive says {'0' * 64}" in line
    assert client.stored() == minutes_of("2024-03-01")
    assert not list(client.folder.rglob(f"{Path(path).name}*"))


def test_a_file_that_was_damaged_once_is_taken_the_second_time(client: Client) -> None:
    path = client.publish("2024-02")
    good = client.archive.files[path]
    client.archive.files[path] = good[: len(good) // 2]

    class Mending(Listener):
        """Mends the archive when the first, damaged body has arrived."""

        def received(self, n_bytes: int) -> None:
            client.archive.files[path] = good

    outcome = client.download("2024-02-01", "2024-02-29", listener=Mending())

    assert (outcome.n_failed, outcome.written) == (0, Written(n_new=3))
    assert client.archive.n_asked(path) == 2


@pytest.mark.parametrize("n_cuts", [1, 3])
def test_a_connection_that_is_cut_goes_on_where_it_ended(client: Client, n_cuts: int) -> None:
    path = client.publish("2024-02", n=2_000)
    client.archive.faults[path] = ["cut"] * n_cuts

    outcome = client.download("2024-02-01", "2024-02-29")

    assert (outcome.n_failed, outcome.written) == (0, Written(n_new=2_000))
    ranges = client.archive.ranges(path)
    assert len(ranges) == n_cuts + 1
    assert ranges[0] == ""
    begun = [int(part.removeprefix("bytes=").rstrip("-")) for part in ranges[1:]]
    assert begun == sorted(begun)
    assert begun[0] > 0


def test_a_part_that_was_whole_already_is_fetched_again(client: Client) -> None:
    path = client.publish("2024-02", n=2_000)
    client.archive.faults[path] = ["cut"] * 6
    assert client.download("2024-02-01", "2024-02-29").n_failed == 1
    (part,) = client.folder.rglob("*.part")
    part.write_bytes(client.archive.files[path])

    outcome = client.download("2024-02-01", "2024-02-29")

    assert (outcome.n_failed, outcome.written) == (0, Written(n_new=2_000))
    assert client.archive.ranges(path)[-1] == ""


@pytest.mark.parametrize("place", [-30, 40], ids=["cut", "damaged"])
def test_a_zip_that_is_published_broken_is_not_stored(client: Client, place: int) -> None:
    path = client.month("2024-02")
    whole = zipped(klines(midnight_ms("2024-02-01"), 300))
    broken = whole[:place] if place < 0 else whole[:place] + b"\0\0\0\0" + whole[place + 4 :]
    client.archive.publish(path, broken)

    assert client.download("2024-02-01", "2024-02-29").n_failed == 1
    assert client.stored() == []
    client.archive.publish(path, whole)

    assert client.download("2024-02-01", "2024-02-29").written == Written(n_new=300)


def test_a_file_that_changed_meanwhile_comes_whole(client: Client) -> None:
    path = client.publish("2024-02", n=2_000)
    client.archive.faults[path] = ["cut"] * 6
    assert client.download("2024-02-01", "2024-02-29").n_failed == 1

    client.publish("2024-02", n=1_000)
    outcome = client.download("2024-02-01", "2024-02-29")

    assert client.archive.ranges(path)[-1] != ""
    assert (outcome.n_failed, outcome.written) == (0, Written(n_new=1_000))


def test_a_part_that_was_not_asked_for_is_not_put_together(client: Client) -> None:
    path = client.publish("2024-02", n=2_000)
    client.archive.faults[path] = ["cut", "other part"]

    outcome = client.download("2024-02-01", "2024-02-29")

    assert outcome.n_failed == 1
    assert "another part than was asked for" in client.lines[0]
    assert client.stored() == []


@pytest.mark.parametrize("later", ["0", "Thu, 01 Jan 1970 00:00:00 GMT", "soon"])
@pytest.mark.parametrize("status", [429, 418, 503, 500])
def test_a_server_that_is_busy_is_asked_again_later(
    client: Client, status: int, later: str
) -> None:
    path = client.publish("2024-02")
    client.archive.faults[path] = [(status, {"Retry-After": later}), (status, {})]

    outcome = client.download("2024-02-01", "2024-02-29")

    assert (outcome.n_failed, outcome.written) == (0, Written(n_new=3))
    assert client.archive.n_asked(path) == 3


def test_a_server_that_asks_for_an_hour_is_left_alone(client: Client) -> None:
    path = client.publish("2024-02")
    client.archive.faults[path] = [(418, {"Retry-After": "3600"})]

    outcome = client.download("2024-02-01", "2024-02-29")

    assert outcome.n_failed == 1
    assert "asks to wait 3600 s; try again later" in client.lines[0]
    assert client.archive.n_asked(path) == 1


def test_an_answer_that_will_not_change_is_not_asked_for_again(client: Client) -> None:
    path = client.publish("2024-02")
    client.archive.faults[path] = [(403, {})]

    assert client.download("2024-02-01", "2024-02-29").n_failed == 1
    assert client.archive.n_asked(path) == 1
    assert client.lines == [f"{client.archive.address}{path}: the server answered 403 Forbidden"]


def test_a_server_that_is_not_there_is_one_sentence_for_all_files(client: Client) -> None:
    address = client.archive.address
    client.archive.shutdown()
    client.archive.server_close()

    with silent_port(client.archive.server_address[1]):
        outcome = client.download("2023-01-01", "2024-02-29")

    assert (outcome.n_failed, outcome.absent) == (1, [])
    (line,) = client.lines
    assert line.startswith(f"{address} cannot be reached: ")


@pytest.mark.parametrize("text", ["", "no", "0" * 64 + "  other.zip", "x" * 100_000])
def test_what_is_no_checksum_verifies_nothing(client: Client, text: str) -> None:
    path = client.publish("2024-02")
    client.archive.files[f"{path}.CHECKSUM"] = text.encode()

    assert client.download("2024-02-01", "2024-02-29").n_failed == 1
    assert "this is not a SHA-256 checksum of" in client.lines[0]
    assert client.stored() == []


def test_a_bomb_is_named_and_nothing_of_it_is_stored(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limit(monkeypatch, max_unpacked_bytes=1 << 20)
    path = client.month("2024-02")
    client.archive.publish(path, zipped(klines(midnight_ms("2024-02-01"), 3) + "\n" * (2 << 20)))

    assert client.download("2024-02-01", "2024-02-29").n_failed == 1
    assert "it unpacks to more than 1 MiB" in client.lines[0]
    assert client.stored() == []


def test_a_body_without_an_end_is_left(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    _limit(monkeypatch, max_bytes=1 << 20)
    path = client.month("2024-02")
    client.archive.publish(path, bytes(3 << 20))

    assert client.download("2024-02-01", "2024-02-29").n_failed == 1
    assert "it is larger than 1 MiB" in client.lines[0]
    assert not list(client.folder.rglob(f"{Path(path).name}*"))


def _limit(monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    limited = tuple(replace(archive, **limits) for archive in module.ARCHIVES)  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr(module, "ARCHIVES", limited)


def test_names_in_a_zip_lead_nowhere(client: Client) -> None:
    path = client.month("2024-02")
    text = klines(midnight_ms("2024-02-01"), 3)
    client.archive.publish(path, zipped(text, "../../../../outside.csv"))

    outcome = client.download("2024-02-01", "2024-02-29")

    assert outcome.written == Written(n_new=3)
    assert not list(client.folder.parent.rglob("outside.csv"))


def test_a_file_of_hours_is_refused_like_any_other(client: Client) -> None:
    path = client.month("2024-02")
    hours = klines(midnight_ms("2024-02-01"), 30, step_ms=3_600_000)
    client.archive.publish(path, zipped(hours))

    assert client.download("2024-02-01", "2024-02-29").n_failed == 1
    assert "close_time - open_time is 1h" in client.lines[0]
    assert client.stored() == []


def test_candles_of_another_month_are_not_taken_for_those_of_the_name(client: Client) -> None:
    path = client.month("2024-02")
    client.archive.publish(path, zipped(klines(midnight_ms("2023-02-01"), 5)))

    assert client.download("2024-02-01", "2024-02-29").n_failed == 1
    assert "it holds candles from 2023-02-01 00:00 to 2023-02-01 00:04 UTC" in client.lines[0]
    assert client.stored() == []
    client.publish("2024-02")
    assert client.download("2024-02-01", "2024-02-29").written == Written(n_new=3)


def test_hours_are_downloaded_as_hours(client: Client) -> None:
    path = client.month("2024-02").replace("1m", "1h")
    client.archive.publish(path, zipped(klines(midnight_ms("2024-02-01"), 30, step_ms=3_600_000)))

    first = client.download("2024-02-01", "2024-02-29", interval="1h")
    again = client.download("2024-02-01", "2024-02-29", interval="1h")

    assert (first.written, first.n_failed) == (Written(n_new=30), 0)
    assert (again.n_imported, again.n_stored) == (0, 1)
    assert client.archive.n_asked(path) == 1
    assert client.stored() == []
    assert coverage(client.pool, client.instrument, 3_600_000).n_candles == 30


def test_refused_rows_are_left_out_only_on_request(client: Client) -> None:
    path = client.month("2024-02")
    text = klines(midnight_ms("2024-02-01"), 5).replace(",15.5,7,", ",15.5,7.5,", 1)
    client.archive.publish(path, zipped(text))

    assert client.download("2024-02-01", "2024-02-29").n_failed == 1
    assert client.stored() == []
    outcome = client.download("2024-02-01", "2024-02-29", skip_refused=True)

    assert (outcome.n_failed, outcome.written) == (0, Written(n_new=4))
    assert client.archive.n_asked(path) == 1


def metatrader(month: str, n: int) -> str:
    """Rows of the first minutes of a month, by a clock three hours ahead of UTC."""
    first = midnight_ms(f"{month}-01") - 3 * 3_600_000
    moments = (first + i * MINUTE_MS + 3 * 3_600_000 for i in range(n))
    return "".join(f"{_local(moment)},10,12,9,11,1.5\n" for moment in moments)


def _local(moment_ms: int) -> str:
    return f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y.%m.%d %H:%M}"


def test_the_clock_of_bybits_metatrader_files_is_three_hours_ahead(client: Client) -> None:
    client.market_id = 4
    symbol = client.symbol
    path = f"/kline_for_metatrader4/{symbol}/2023/{symbol}_1_2023-02-01_2023-02-28.csv.gz"
    client.archive.files[path] = gzipped(metatrader("2023-02", 4))

    outcome = client.download("2023-02-01", "2023-02-28")

    assert (outcome.n_failed, outcome.n_imported) == (0, 1), client.lines
    first = midnight_ms("2023-01-31") + 21 * 3_600_000
    assert client.stored() == [first + i * MINUTE_MS for i in range(4)]
    client.archive.asked.clear()
    assert client.download("2023-02-01", "2023-02-28").n_stored == 1
    assert client.archive.asked == []


def test_minutes_are_made_where_an_archive_has_only_trades(client: Client) -> None:
    client.market_id = 3
    symbol, first = client.symbol, midnight_ms("2023-01-01")
    rows = "".join(f"{i},{first + i * 20_000},{10 + i},1.5,buy\n" for i in range(9))
    month = f"/spot/{symbol}/{symbol}-2023-01.csv.gz"
    client.archive.files[month] = gzipped(f"id,timestamp,price,volume,side\n{rows}")
    day = f"/spot/{symbol}/{symbol}_2024-06-01.csv.gz"
    late = "".join(f"{i},{midnight_ms('2024-06-01') + i * 20_000},9,1,buy,0\n" for i in range(9))
    client.archive.files[day] = gzipped(f"id,timestamp,price,volume,side,rpi\n{late}")

    outcome = client.download("2023-01-01")

    assert outcome.n_failed == 0, client.lines
    assert client.stored()[:3] == minutes_of("2023-01-01")
    assert outcome.n_imported == 2
    assert [path.name for path in client.folder.rglob("*.csv.gz")] == []
    client.archive.asked.clear()
    assert client.download("2023-01-01", "2023-01-31").n_stored == 1
    assert client.archive.asked == []


@pytest.mark.parametrize("minutes", [(0, 5), range(0, 40, 2), range(0, 600, 60)])
def test_few_trades_make_few_minutes_and_no_longer_candles(
    client: Client, minutes: Sequence[int]
) -> None:
    client.market_id = 3
    first = midnight_ms("2023-01-01")
    rows = "".join(f"{i},{first + i * 60_000},10,1.5,buy\n" for i in minutes)
    month = f"/spot/{client.symbol}/{client.symbol}-2023-01.csv.gz"
    client.archive.files[month] = gzipped(f"id,timestamp,price,volume,side\n{rows}")

    outcome = client.download("2023-01-01", "2023-01-31")

    assert outcome.n_failed == 0, client.lines
    assert client.stored() == [first + i * 60_000 for i in minutes]


def test_a_full_disk_fails_the_file_that_it_fills_alone(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.market_id = 3
    for month in ("2023-01", "2023-02"):
        path = f"/spot/{client.symbol}/{client.symbol}-{month}.csv.gz"
        row = f"1,{midnight_ms(month + '-01')},10,1.5,buy\n"
        client.archive.files[path] = gzipped(f"id,timestamp,price,volume,side\n{row}")
    real = trades.parquet.write_table

    def write_table(table: Any, path: Path) -> None:
        if "2023-01" in path.name:
            path.touch()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(table, path)

    monkeypatch.setattr(trades.parquet, "write_table", write_table)
    outcome = client.download("2023-01-01", "2023-02-28")

    assert (outcome.n_imported, outcome.n_failed) == (1, 1)
    assert any("2023-01.csv.gz: No space left on device" in line for line in client.lines)
    assert list(client.folder.rglob("*.part")) == []


def test_a_full_temporary_folder_costs_no_download(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.publish("2023-01")

    def full(_: Spool) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Spool, "_flush", full)
    with pytest.raises(CandlesUnavailable, match="No space left on device; TMPDIR"):
        client.download("2023-01-01", "2023-01-31")

    assert len(list(client.folder.rglob("*.zip"))) == 1


def test_trades_go_on_where_the_candles_end(client: Client) -> None:
    client.market_id = 4
    symbol = client.symbol
    path = f"/kline_for_metatrader4/{symbol}/2024/{symbol}_1_2024-04-01_2024-04-30.csv.gz"
    client.archive.files[path] = gzipped(metatrader("2024-04", 4))
    # The month ends three hours before its last day does.
    for day in ("2024-04-30", "2024-05-01", "2024-05-02"):
        seconds = midnight_ms(day) // 1_000
        client.archive.files[f"/trading/{symbol}/{symbol}{day}.csv.gz"] = gzipped(
            f"timestamp,symbol,side,size,price\n{seconds}.5,{symbol},Buy,1,10\n"
            f"{seconds + 61}.5,{symbol},Buy,2,11\n{seconds + 121}.5,{symbol},Sell,2,11\n"
        )

    outcome = client.download("2024-04-01", "2024-05-02")

    assert (outcome.n_failed, outcome.n_imported) == (0, 4), client.lines
    assert client.stored()[4:] == minutes_of("2024-04-30", "2024-05-01", "2024-05-02")
    assert outcome.absent == []


def test_a_cut_gzip_without_a_checksum_is_not_stored(client: Client) -> None:
    client.market_id = 4
    symbol = client.symbol
    path = f"/kline_for_metatrader4/{symbol}/2023/{symbol}_1_2023-02-01_2023-02-28.csv.gz"
    whole = gzipped(metatrader("2023-02", 400))
    client.archive.files[path] = whole[:-20]

    assert client.download("2023-02-01", "2023-02-28").n_failed == 1
    assert client.stored() == []
    client.archive.files[path] = whole

    assert client.download("2023-02-01", "2023-02-28").written == Written(n_new=400)


def test_several_files_arrive_at_once(client: Client) -> None:
    paths = [client.publish(f"2023-{month:02d}") for month in range(1, 5)]
    client.archive.faults[paths[0]] = ["stall"]

    class Releasing(Listener):
        """Lets the first month go on when the three others are there."""

        def imported(self, name: str, checked: CheckedFile, written: Written) -> None:
            super().imported(name, checked, written)
            if len(self.lines) == 3:
                client.archive.released.set()

    outcome = client.download("2023-01-01", "2023-04-30", listener=Releasing())

    assert outcome.n_imported == 4
    assert client.lines[3] == f"{Path(paths[0]).name} 3"


def test_months_and_days_are_told_apart() -> None:
    (february,) = months(date(2024, 2, 10), date(2024, 2, 11))

    assert str(february) == "2024-02"
    assert len(list(february.days())) == 29
    assert str(Period(TODAY, TODAY)) == "2024-06-03"
    assert february.last + timedelta(days=1) == date(2024, 3, 1)
