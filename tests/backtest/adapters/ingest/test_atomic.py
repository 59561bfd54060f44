"""An import ends with all of a file in the store, or with none of it, whatever happens to it."""

import fcntl
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.folder import candle_files, series_folder
from backtest.adapters.candles.series import StoredSeries
from backtest.adapters.candles.staging import staged
from backtest.adapters.candles.table import (
    create_table,
    insert_minutes,
    latest_minutes,
    stored_instruments,
)
from backtest.adapters.candles.write import Written, write_minutes
from backtest.adapters.ingest import importer
from backtest.adapters.ingest.importer import check_file, write_file
from backtest.adapters.ingest.options import ImportOptions
from backtest.errors import CandlesUnavailable
from backtest.types import MINUTE_MS, Instrument
from tests.backtest.adapters.candle_texts import write
from tests.backtest.adapters.ingest.test_traps import plain
from tests.backtest.adapters.minutes import a_new_instrument, random_minutes
from tests.waiting import PATIENCE_S

N = 100_000
N_BEFORE = 3
N_KILLS = 6
EARLY_MS = MINUTE_MS * 1_000


def dying(folder: Path, path: Path, symbol: str, last: int) -> tuple[int, int]:
    """How an import ended; how many steps it took if it lived."""
    arguments = [str(folder), str(path), symbol, str(last)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.backtest.adapters.ingest.dying", *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode, int(done.stdout or 0)


def filled(pool: ClickHousePool, symbol: str) -> None:
    """So many small files that the next import merges them."""
    for i in range(N_BEFORE):
        write_minutes(
            pool,
            Instrument(market_id=1, symbol=symbol),
            random_minutes(N, seed=i, first_ms=EARLY_MS + i * N * MINUTE_MS),
            source="test",
            now_ms=1,
            ingest_id=uuid4(),
        )


def n_stored(pool: ClickHousePool, symbol: str) -> int:
    instrument = Instrument(market_id=1, symbol=symbol)
    stored = latest_minutes(pool, instrument, start_ms=0, stop_ms=10**13)
    return len(stored.ts_open)


def test_a_killed_import_leaves_all_or_nothing(tmp_path: Path) -> None:
    path, folder = write(tmp_path / "candles.csv", plain(n=N)), tmp_path / "store"
    with closing(ClickHousePool(EmbeddedEngine(directory=folder))) as pool:
        create_table(pool)
        filled(pool, "WHOLE")
        code, n_steps = dying(folder, path, "WHOLE", 0)
        assert (code, n_stored(pool, "WHOLE")) == (0, (N_BEFORE + 1) * N)
        checked = check_file(path, lambda *_: None)
        left: set[int] = set()
        for k in range(N_KILLS):
            symbol = f"KILLED{k}"
            series = StoredSeries(instrument=Instrument(market_id=1, symbol=symbol))
            filled(pool, symbol)
            last = 1 + k * (n_steps - 1) // (N_KILLS - 1)

            assert dying(folder, path, symbol, last) == (-signal.SIGKILL, 0)

            left.add(n_stored(pool, symbol) - N_BEFORE * N)
            write_file(pool, series.instrument, checked, lambda *_: None, 1)
            assert n_stored(pool, symbol) == (N_BEFORE + 1) * N
            names = {file.path.name for file in candle_files(folder, series)}
            assert {path.name for path in series_folder(folder, series).iterdir()} == names
        assert left == {0, N}


def test_a_store_that_fails_half_way_has_nothing_of_the_file(
    pool: ClickHousePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instrument = a_new_instrument()
    checked = check_file(write(tmp_path / "candles", plain(n=N)), lambda *_: None, ImportOptions())
    n_written = 0

    def failing(*arguments: object, **options: object) -> object:
        nonlocal n_written
        n_written += 1
        if n_written == 2:
            raise CandlesUnavailable
        return write_minutes(*arguments, **options)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(importer, "write_minutes", failing)
    create_table(pool)

    with pytest.raises(CandlesUnavailable):
        write_file(pool, instrument, checked, lambda *_: None, 1)

    assert n_written == 2
    assert instrument not in {stored.instrument for stored in stored_instruments(pool)}


def test_an_import_that_waited_for_another_one_has_the_last_word(
    pool: ClickHousePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same minutes, though it began before the other one."""
    instrument, is_waiting, flock = a_new_instrument(), Event(), fcntl.flock
    checked = check_file(write(tmp_path / "candles", plain(n=3)), lambda *_: None, ImportOptions())
    (ours,) = checked.spool
    assert checked.first_ms is not None
    theirs = random_minutes(3, first_ms=checked.first_ms)

    def noted(descriptor: int, operation: int) -> None:
        is_waiting.set()
        flock(descriptor, operation)

    with ThreadPoolExecutor(1) as threads:
        with staged(pool, StoredSeries(instrument=instrument)) as stage:
            insert_minutes(pool, instrument, theirs, source="test", ingested_at=2, into=stage)
            monkeypatch.setattr(fcntl, "flock", noted)
            writing = threads.submit(write_file, pool, instrument, checked, lambda *_: None, 1)
            assert is_waiting.wait(PATIENCE_S)
        written = writing.result()

    stored = latest_minutes(pool, instrument, start_ms=0, stop_ms=10**13)
    assert written == Written(n_replaced=3)
    assert stored.prices["close"].tolist() == ours.columns["close"].tolist()
