"""Files of the embedded store that cannot be read: none is taken as it is, each is told by name."""

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from pyarrow import parquet

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.coverage import coverage
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.folder import candle_files
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
from backtest.types import Instrument, Timeframe
from tests.backtest.adapters.minutes import random_minutes

INSTRUMENT = Instrument(market_id=1, symbol="X")
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
    path = candle_files(tmp_path / "candles", StoredSeries(instrument=INSTRUMENT))[1].path
    USES[use](pool)
    damage(path)

    with pytest.raises(CandlesUnavailable) as refused:
        USES[use](pool)

    advice, *said = refused.value.__notes__
    assert advice.startswith(f"{path} could not be read. If the file is damaged, move it away")
    assert said
    assert not any("/dev/fd" in note for note in said)


def test_other_failures_keep_their_words(pool: ClickHousePool) -> None:
    with pytest.raises(CandlesUnavailable) as refused:
        pool.run(lambda client: client.query("SELECT nothing FROM nowhere"))

    assert [note[:15] for note in refused.value.__notes__][-1] == "The driver said"
    assert not any("damaged" in note for note in refused.value.__notes__)
