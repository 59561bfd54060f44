"""`python -m trials.kills`: kill imports at random moments and look at what they left.

Every import is of one file into an embedded store beside which another process reads all the time.
Ends with status 1 if the store ever holds a part of a file. See: docs/stores.md#importing
"""

import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.table import create_table
from backtest.adapters.ingest.generate import SyntheticMarket, generate
from backtest.control import Control
from backtest.types import Instrument, Timeframe

N_MINUTES = 300_000
FIRST_MS = 1_577_836_800_000


def main(
    times: Annotated[int, typer.Option(min=1)] = 50, seed: Annotated[int, typer.Option()] = 1
) -> None:
    """Kill imports, read beside them, count what was seen."""
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = _file(folder / "candles.csv")
        with closing(ClickHousePool(EmbeddedEngine(directory=folder / "candles"))) as pool:
            create_table(pool)
            whole_s = _imported(folder, path, "WHOLE", None)
            assert _n_bars(pool, "WHOLE") == N_MINUTES
            seen, left = Counter[int](), Counter[int]()
            for i in range(times):
                symbol = f"KILLED{i}"
                seen += _killed(pool, folder, path, symbol, dice.uniform(0, 2 * whole_s))
                left[_n_bars(pool, symbol)] += 1
    for what, counted in (("left behind", left), ("seen by a reader", seen)):
        for n_rows, n_times in sorted(counted.items()):
            typer.echo(f"{n_rows:,} rows were {what} {n_times:,} times")
    if not (left | seen).keys() <= {0, N_MINUTES}:
        raise typer.Exit(1)


def _file(path: Path) -> Path:
    minutes = generate(SyntheticMarket(first_ms=FIRST_MS, n_minutes=N_MINUTES, seed=1))
    rows = zip(
        minutes.ts_open.tolist(), *(c.tolist() for c in minutes.columns.values()), strict=True
    )
    lines = ["timestamp,open,high,low,close,volume", *(",".join(map(repr, row)) for row in rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _imported(folder: Path, path: Path, symbol: str, kill_after_s: float | None) -> float:
    """Import a file in a process of its own; seconds until it ended."""
    words = ["candles", "import", str(path), "--market-id", "1", "--symbol", symbol]
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "bff", *words],
        env={"PATH": "", "ROEHUB_DATA_DIR": str(folder), "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            process.wait(kill_after_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
    return time.perf_counter() - started


def _killed(
    pool: ClickHousePool, folder: Path, path: Path, symbol: str, after_s: float
) -> Counter[int]:
    """How many rows a reader saw how often while an import ran."""
    seen: Counter[int] = Counter()
    is_dead = threading.Event()

    def look() -> None:
        while not is_dead.is_set():
            seen[_n_bars(pool, symbol)] += 1

    reader = threading.Thread(target=look)
    reader.start()
    try:
        _imported(folder, path, symbol, after_s)
    finally:
        is_dead.set()
        reader.join()
    return seen


def _n_bars(pool: ClickHousePool, symbol: str) -> int:
    buckets = ClickHouseCandles(pool).load(
        Instrument(market_id=1, symbol=symbol),
        Timeframe.M1,
        start_ms=0,
        stop_ms=10**13,
        control=Control(),
    )
    return len(buckets.ts_open)


if __name__ == "__main__":
    typer.run(main)
