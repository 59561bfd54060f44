"""`python -m …dying FOLDER FILE SYMBOL N`: an import that kills itself at its Nth step.

A step is a call of the system that the store makes, or a chunk of rows. Prints the number of steps
if it lives.
"""

import os
import signal
import sys
from pathlib import Path

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.table import create_table
from backtest.adapters.ingest.importer import check_file, write_file
from backtest.types import Instrument

STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.listdir", "os.scandir", "fcntl.flock"}


def main(folder: str, path: str, symbol: str, last: str) -> None:
    pool = ClickHousePool(EmbeddedEngine(directory=Path(folder)))
    create_table(pool)
    checked = check_file(Path(path), lambda *_: None)
    n_steps = 0

    def step() -> None:
        nonlocal n_steps
        n_steps += 1
        if n_steps == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(lambda event, _: step() if event in STEPS else None)
    instrument = Instrument(market_id=1, symbol=symbol)
    write_file(pool, instrument, checked, lambda *_: step(), 1)
    print(n_steps)


if __name__ == "__main__":
    main(*sys.argv[1:])
