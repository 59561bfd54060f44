"""How fast candle files are read and stored, and how much memory that takes.

Each import runs in a process of its own, on the embedded store. Processor time is told beside wall
time, since the latter depends on what else the machine does.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.table import create_table
from backtest.adapters.ingest.generate import SyntheticMarket, generate
from backtest.adapters.ingest.importer import check_file, write_file
from backtest.types import MINUTE_MS, Instrument
from benchmarks.tables import Benchmark, Finding

N = 2_000_000
KIB_PER_MIB = 1_024


def write_files(folder: Path) -> dict[str, Path]:
    """Klines as Binance publishes them (12 columns, no header), and the same as Parquet."""
    first_ms = 1_577_836_800_000
    minutes = generate(SyntheticMarket(first_ms=first_ms, n_minutes=N, seed=1))
    columns = {"open_time": minutes.ts_open, **minutes.columns}
    columns = {name.removesuffix("_base"): column for name, column in columns.items()}
    worth = np.round(columns["volume"] * columns["close"], 5)
    columns |= {
        "close_time": minutes.ts_open + MINUTE_MS - 1,
        "quote_volume": worth,
        "count": np.arange(N) % 500,
        "taker_buy_volume": np.round(columns["volume"] / 2, 5),
        "taker_buy_quote_volume": np.round(worth / 2, 5),
        "ignore": np.zeros(N, dtype=np.int64),
    }
    table = pa.table(columns)
    paths = {"CSV": folder / "klines.csv", "Parquet": folder / "klines.parquet"}
    csv.write_csv(table, paths["CSV"], csv.WriteOptions(include_header=False))
    parquet.write_table(table, paths["Parquet"])
    return paths


def peak_mib() -> float:
    """Of this process alone; `ru_maxrss` would begin with what its parent had."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    kib = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(kib) / KIB_PER_MIB


def import_alone(path: Path) -> None:
    """Print what each stage took; runs in a process of its own."""
    stages: dict[str, list[float]] = {}

    def done(name: str) -> None:
        stages[name] = [time.perf_counter(), time.process_time(), peak_mib()]

    done("start")
    checked = check_file(path, lambda *_: None)
    assert (checked.n_kept, checked.problems) == (N, ())
    done("read and check")
    with tempfile.TemporaryDirectory() as folder:
        pool = ClickHousePool(EmbeddedEngine(directory=Path(folder)))
        create_table(pool)
        done("open the store")
        instrument = Instrument(market_id=1, symbol="BTCUSDT")
        written = write_file(pool, instrument, checked, lambda *_: None, 1)
        assert written.n_new == N
        done("write")
        pool.close()
    print(json.dumps(stages))


def rows_of(name: str, path: Path) -> list[list[str]]:
    arguments = [sys.executable, "-m", "benchmarks.candle_import", str(path)]
    answer = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    stages = json.loads(answer.splitlines()[-1])
    rows: list[list[str]] = []
    for before, after in zip(list(stages)[:-1], list(stages)[1:], strict=True):
        wall, processor = (stages[after][i] - stages[before][i] for i in (0, 1))
        speed = f"{N / processor:,.0f}".replace(",", " ") if after != "open the store" else ""
        peak = f"{stages[after][2]:.0f} MiB"
        rows.append([f"{name}: {after}", f"{wall:.2f} s", f"{processor:.2f} s", speed, peak])
    return rows


def measure() -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        paths = write_files(Path(folder))
        rows = [row for name, path in paths.items() for row in rows_of(name, path)]
    return [
        Finding(
            key="candle-import",
            question="How fast are 2 000 000 minutes imported, and in how much memory?",
            header=("stage", "wall", "processor", "rows per processor second", "peak so far"),
            rows=rows,
            notes=[
                "Twelve columns, of which ten are read and checked and nine are stored.",
                "Writing Parquet files does not load the engine that reads them.",
                f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores at the end.",
            ],
        )
    ]


CANDLE_IMPORT = Benchmark(name="candle_import", title="Importing candles", measure=measure)

if __name__ == "__main__":
    import_alone(Path(sys.argv[1]))
