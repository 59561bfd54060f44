"""`python -m trials.soak.store FOLDER SEED FAULTS`: a candle server that has bad moments.

Prints its port, then serves until standard input closes. FAULTS is the share of bad half-seconds.
"""

import random
import sys
import threading
from pathlib import Path

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.table import create_table, insert_minutes
from backtest.adapters.ingest.generate import Market, generate
from backtest.types import Instrument
from tests.backtest.adapters.clickhouse_server import TABLE_FAULTS, FakeServer, running_server
from tests.backtest.adapters.minutes import MIDNIGHT_MS

FAULTS = (*TABLE_FAULTS, "error after 200", "wrong credentials", "no table", "cut", "slow")
PERIOD_S = 0.5
N_DAYS = 30


def main(folder: str, seed: str, share: str) -> None:
    engine = ClickHousePool(EmbeddedEngine(directory=Path(folder)))
    fill(engine, seed=int(seed))
    with running_server(engine) as server:
        print(server.server_address[1], flush=True)
        ended = threading.Event()
        moods = threading.Thread(target=_misbehave, args=(server, int(seed), float(share), ended))
        moods.start()
        sys.stdin.read()
        ended.set()
        moods.join()
    engine.close()


def fill(engine: ClickHousePool, *, seed: int) -> None:
    """A month of minutes of one market."""
    create_table(engine)
    insert_minutes(
        engine,
        Instrument(market_id=1, symbol="BTCUSDT"),
        generate(Market(first_ms=MIDNIGHT_MS, n_minutes=N_DAYS * 1_440, seed=seed)),
        source="test",
        ingested_at=1,
    )


def _misbehave(server: FakeServer, seed: int, share: float, ended: threading.Event) -> None:
    dice = random.Random(seed)
    while not ended.wait(PERIOD_S):
        server.fault = dice.choice(FAULTS) if dice.random() < share else None
        server.requests.clear()
        if server.fault == "slow":
            server.released.clear()
        else:
            server.released.set()


if __name__ == "__main__":
    main(*sys.argv[1:])
