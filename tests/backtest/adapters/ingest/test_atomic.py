"""An import ends with all of a file in the store, or with none of it, whatever happens to it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import create_table, stored_instruments
from backtest.adapters.ingest import importer
from backtest.adapters.ingest.asked import Asked
from backtest.adapters.ingest.importer import check_file, write_file
from backtest.errors import CandlesUnavailable
from tests.backtest.adapters.candle_texts import write
from tests.backtest.adapters.ingest.test_traps import plain
from tests.backtest.adapters.minutes import a_new_instrument

N = 300_000
# Kills itself when it has made so many calls of the store.
DYING = """
import os, signal, sys
from pathlib import Path
from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.table import create_table, stored_instruments
from backtest.adapters.ingest.importer import check_file, write_file
from backtest.types import Instrument

folder, path, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
pool = ClickHousePool(EmbeddedEngine(directory=folder))
create_table(pool)
print(sum(stored.n_rows for stored in stored_instruments(pool)), flush=True)
if path.name != "nothing":
    checked = check_file(path, lambda *_: None)
    run, n_calls = pool.run, 0

    def dying(call):
        global n_calls
        n_calls += 1
        if n_calls == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return run(call)

    pool.run = dying
    write_file(pool, Instrument(market_id=1, symbol="X"), checked, lambda *_: None, 1)
    print(n_calls)
pool.close()
"""


def dying(folder: Path, path: Path, last: int) -> tuple[int, list[int]]:
    """How it ended; how many rows it found at its start, and how many calls it made if it lived."""
    arguments = [sys.executable, "-c", DYING, str(folder), str(path), str(last)]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        arguments, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    numbers = done.stdout.split()
    assert numbers, done.stderr
    return done.returncode, [int(number) for number in numbers]


def test_a_killed_import_leaves_all_or_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "candles.csv", plain(n=N))
    code, (n_rows, n_calls) = dying(tmp_path / "measured", path, 10_000)
    assert (code, n_rows) == (0, 0)

    # Between two inserts, before the attaching, and after it.
    for last, n_left in ((n_calls // 2, 0), (n_calls - 1, 0), (n_calls, N)):
        store = tmp_path / f"killed at {last}"
        assert dying(store, path, last) == (-signal.SIGKILL, [0])
        code, (n_rows, _) = dying(store, path, 10_000)
        assert (code, n_rows) == (0, n_left)
        assert dying(store, tmp_path / "nothing", 0) == (0, [N])


def test_a_store_that_fails_half_way_has_nothing_of_the_file(
    pool: ClickHousePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instrument = a_new_instrument()
    checked = check_file(write(tmp_path / "candles", plain(n=N)), lambda *_: None, Asked())
    write_minutes, n_written = importer.write_minutes, 0

    def failing(*arguments: object, **options: object) -> object:
        nonlocal n_written
        n_written += 1
        if n_written == 3:
            raise CandlesUnavailable
        return write_minutes(*arguments, **options)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(importer, "write_minutes", failing)
    create_table(pool)

    with pytest.raises(CandlesUnavailable):
        write_file(pool, instrument, checked, lambda *_: None, 1)

    assert n_written == 3
    assert instrument not in {stored.instrument for stored in stored_instruments(pool)}
