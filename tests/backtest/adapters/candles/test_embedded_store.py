import os
import subprocess
import sys
from pathlib import Path

import pytest

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.control import Control
from backtest.errors import CandlesUnavailable
from backtest.types import Instrument, Timeframe


def test_a_fresh_directory_is_an_empty_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("fresh") / "not" / "there" / "yet"
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
