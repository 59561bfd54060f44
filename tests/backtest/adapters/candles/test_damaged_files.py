"""Files of the embedded store that cannot be read: none is taken as it is, each is told by name."""

import errno
import os
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from pyarrow import parquet

from backtest.adapters.candles import file_stage
from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.coverage import coverage
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.folder import candle_files, series_folder
from backtest.adapters.candles.series import StoredSeries
from backtest.adapters.candles.table import (
    Minutes,
    create_table,
    insert_minutes,
    stored_instruments,
)
from backtest.adapters.candles.write import write_minutes
from backtest.control import Control
from backtest.errors import CandlesUnavailable
from backtest.types import DAY_MS, Instrument, Timeframe
from tests.backtest.adapters.minutes import MIDNIGHT_MS, random_minutes

INSTRUMENT = Instrument(market_id=1, symbol="X")
SERIES = StoredSeries(instrument=INSTRUMENT)
N_MINUTES = 3_000

USES: dict[str, Callable[[ClickHousePool], object]] = {
    "loading": lambda pool: ClickHouseCandles(pool).load(
        INSTRUMENT, Timeframe.M1, start_ms=0, stop_ms=10**13, control=Control()
    ),
    "listing": stored_instruments,
    "coverage": lambda pool: coverage(pool, INSTRUMENT),
    "importing": lambda pool: write(pool, random_minutes(N_MINUTES)),
}


def write(pool: ClickHousePool, minutes: Minutes) -> None:
    write_minutes(pool, INSTRUMENT, minutes, source="test", now_ms=2, ingest_id=UUID(int=1))


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip_a_bit(path: Path) -> None:
    """One of the open times, which every reader needs."""
    found = parquet.read_metadata(path).row_group(0)
    names = [found.column(i).path_in_schema for i in range(found.num_columns)]
    column = found.column(names.index("ts_open"))
    content = bytearray(path.read_bytes())
    content[column.data_page_offset + column.total_compressed_size - 100] ^= 1
    path.write_bytes(content)


@pytest.fixture
def pool(tmp_path: Path) -> Generator[ClickHousePool]:
    """A store of two files."""
    with closing(ClickHousePool(EmbeddedEngine(directory=tmp_path / "candles"))) as opened:
        create_table(opened)
        for seed in (1, 2):
            minutes = random_minutes(N_MINUTES, seed=seed)
            insert_minutes(opened, INSTRUMENT, minutes, source="test", ingested_at=seed)
        yield opened


@pytest.mark.parametrize("damage", [cut, flip_a_bit])
@pytest.mark.parametrize("use", USES)
def test_a_damaged_file_is_told_by_its_name(
    pool: ClickHousePool, tmp_path: Path, use: str, damage: Callable[[Path], None]
) -> None:
    path = candle_files(tmp_path / "candles", SERIES)[1].path
    USES[use](pool)
    damage(path)

    with pytest.raises(CandlesUnavailable) as refused:
        USES[use](pool)

    advice, *said = refused.value.__notes__
    assert advice.startswith(f"{path} could not be read. If the file is damaged, move it away")
    assert said
    assert not any("/dev/fd" in note for note in said)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EMFILE, errno.EIO])
@pytest.mark.parametrize(
    ("refuses", "use"),
    [("open", "loading"), ("open", "listing"), ("open", "coverage")]
    + [(method, use) for method in ("iterdir", "is_dir") for use in USES],
)
def test_what_the_system_does_not_let_us_read_is_told_by_its_name(
    pool: ClickHousePool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refuses: str,
    use: str,
    code: int,
) -> None:
    store, open_ = tmp_path / "candles", os.open

    def refusing(path: Path, *arguments: int) -> int:
        if refuses == "open" and path.suffix != ".parquet":  # the lock of a folder
            return open_(path, *arguments)
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(os if refuses == "open" else Path, refuses, refusing)

    with pytest.raises(CandlesUnavailable) as refused:
        USES[use](pool)

    (note,) = refused.value.__notes__
    assert note.startswith(str(store))
    assert "cannot be read" in note
    assert os.strerror(code) in note


def full(path: Path) -> None:
    """As a disk that is full while files are merged."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


@pytest.mark.parametrize("failure", ["cut", "flip_a_bit", "full"])
def test_files_that_cannot_be_merged_fail_no_import(
    pool: ClickHousePool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: str,
) -> None:
    """Two such files are there, two more come; with the fourth they are merged."""
    store = tmp_path / "candles"
    path = candle_files(store, SERIES)[1].path
    if failure == "full":
        monkeypatch.setattr(file_stage, "newest_rows", lambda _: full(path))
    else:
        {"cut": cut, "flip_a_bit": flip_a_bit}[failure](path)

    for day in (30, 60):
        write(pool, random_minutes(N_MINUTES, first_ms=MIDNIGHT_MS + day * DAY_MS))

    files = candle_files(store, SERIES)
    assert (len(files), sum(file.n_rows for file in files)) == (4, 4 * N_MINUTES)
    assert set(series_folder(store, SERIES).iterdir()) == {file.path for file in files}
    (said,) = caplog.messages
    assert "were not merged" in said
    assert str(path) in said
    if failure == "full":
        monkeypatch.undo()
        write(pool, random_minutes(N_MINUTES, first_ms=MIDNIGHT_MS + 90 * DAY_MS))
        assert len(candle_files(store, SERIES)) == 1
    else:
        with pytest.raises(CandlesUnavailable) as refused:
            USES["loading"](pool)
        assert str(path) in refused.value.__notes__[0]


def test_other_failures_keep_their_words(pool: ClickHousePool) -> None:
    with pytest.raises(CandlesUnavailable) as refused:
        pool.run(lambda client: client.query("SELECT nothing FROM nowhere"))

    assert [note[:15] for note in refused.value.__notes__][-1] == "The driver said"
    assert not any("damaged" in note for note in refused.value.__notes__)
