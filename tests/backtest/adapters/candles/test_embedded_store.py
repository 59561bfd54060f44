import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.table import create_table, insert_minutes
from backtest.control import Control
from backtest.errors import CandlesUnavailable
from backtest.types import Instrument, Timeframe
from tests.backtest.adapters.minutes import minutes

INSTRUMENT = Instrument(market_id=1, symbol="X")


def n_bars(pool: ClickHousePool) -> int:
    buckets = ClickHouseCandles(pool).load(
        INSTRUMENT, Timeframe.M1, start_ms=0, stop_ms=10**13, control=Control()
    )
    return len(buckets.ts_open)


@pytest.fixture
def filled(tmp_path: Path) -> Generator[ClickHousePool]:
    """A store of three minutes in `tmp_path / "data" / "candles"`."""
    pool = ClickHousePool(EmbeddedEngine(directory=tmp_path / "data" / "candles"))
    create_table(pool)
    insert_minutes(pool, INSTRUMENT, minutes("1 2 3"), source="test", ingested_at=1)
    assert n_bars(pool) == 3
    yield pool
    pool.close()


@pytest.mark.parametrize("is_copied", [False, True])
def test_a_folder_that_was_moved_away_is_said_and_works_again_when_it_is_back(
    filled: ClickHousePool, tmp_path: Path, is_copied: bool
) -> None:
    data, away = tmp_path / "data", tmp_path / "away"
    data.rename(away)

    for _ in range(2):
        with pytest.raises(CandlesUnavailable) as refused:
            n_bars(filled)
        with pytest.raises(CandlesUnavailable):
            ClickHouseCandles(filled).ping()
        assert "put it back" in refused.value.__notes__[0]
    if is_copied:
        shutil.copytree(away, data, symlinks=True)
    else:
        away.rename(data)

    assert n_bars(filled) == 3


def test_a_folder_that_went_and_came_between_two_questions_is_read_again(
    filled: ClickHousePool, tmp_path: Path
) -> None:
    data, away = tmp_path / "data", tmp_path / "away"
    shutil.copytree(data, away, symlinks=True)
    shutil.rmtree(data)
    away.rename(data)

    assert n_bars(filled) == 3


def test_a_folder_that_was_replaced_is_read_as_it_is_now(
    filled: ClickHousePool, tmp_path: Path
) -> None:
    (tmp_path / "data").rename(tmp_path / "away")
    (tmp_path / "data" / "candles").mkdir(parents=True)

    assert n_bars(filled) == 0


def test_the_later_one_of_two_that_open_at_once_is_told_who_was_first(
    filled: ClickHousePool, tmp_path: Path
) -> None:
    directory = tmp_path / "data" / "candles"
    script = """if True:
        import sys
        from pathlib import Path
        from backtest.adapters.candles import embedded
        from backtest.errors import CandlesUnavailable

        looks = []
        look = embedded.other_holder
        embedded.other_holder = lambda path: looks.append(path) or looks[1:] and look(path) or None
        try:
            embedded.open_engine(Path(sys.argv[1]))
        except CandlesUnavailable as error:
            print(*error.__notes__)
    """

    done = subprocess.run(
        [sys.executable, "-c", script, str(directory)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"in use by process {os.getpid()}" in done.stdout, done.stderr
    assert n_bars(filled) == 3


def test_a_folder_that_the_engine_would_misread_is_refused(tmp_path: Path) -> None:
    pool = ClickHousePool(EmbeddedEngine(directory=tmp_path / "a?b"))

    with pytest.raises(CandlesUnavailable) as refused:
        create_table(pool)
    pool.close()

    assert "question mark" in refused.value.__notes__[0]


@pytest.mark.parametrize("name", ["a#b", "a%41b", "a b", "a&b=1", "é", "a;b", "a*b{1}"])
def test_every_folder_keeps_its_own_candles(tmp_path: Path, name: str) -> None:
    pool = ClickHousePool(EmbeddedEngine(directory=tmp_path / name))
    create_table(pool)
    pool.close()

    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert any((tmp_path / name).iterdir())


def test_a_fresh_directory_is_an_empty_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("fresh")
    pool = ClickHousePool(EmbeddedEngine(directory=directory))
    try:
        buckets = ClickHouseCandles(pool).load(
            Instrument(market_id=1, symbol="X"),
            Timeframe.H1,
            start_ms=0,
            stop_ms=10**12,
            control=Control(),
        )
    finally:
        pool.close()

    assert len(buckets.ts_open) == 0


def test_a_closed_pool_frees_the_engine_for_another_directory(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    for name in ("first", "second"):
        pool = ClickHousePool(EmbeddedEngine(directory=tmp_path_factory.mktemp(name)))
        ClickHouseCandles(pool).ping()
        pool.close()


@pytest.mark.parametrize("zone", ["garbage/zone", "Asia/Tokyo", ""])
def test_the_zone_of_the_machine_changes_nothing(tmp_path: Path, zone: str) -> None:
    script = """if True:
        import sys
        from pathlib import Path
        from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine

        pool = ClickHousePool(EmbeddedEngine(directory=Path(sys.argv[1])))
        print(pool.run(lambda client: client.command("SELECT toString(toDateTime(0)), timezone()")))
        pool.close()
    """

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env=os.environ | {"TZ": zone, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1970-01-01 00:00:00" in done.stdout, done.stderr
    assert "UTC" in done.stdout


def test_a_closed_pool_does_not_open_the_engine_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directory = tmp_path_factory.mktemp("closed") / "candles"
    pool = ClickHousePool(EmbeddedEngine(directory=directory))
    pool.close()

    with pytest.raises(CandlesUnavailable):
        ClickHouseCandles(pool).ping()

    assert not directory.exists()
