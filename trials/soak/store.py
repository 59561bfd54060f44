"""`python -m trials.soak.store SEED FAULTS`: a candle server that has bad moments.

Prints its port, then serves until standard input closes. FAULTS is the share of bad half-seconds.
"""

import random
import sys
import threading
from contextlib import closing

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import create_table, insert_minutes
from backtest.adapters.ingest.generate import SyntheticMarket, generate
from backtest.types import Instrument
from tests.backtest.adapters.clickhouse_server import (
    TABLE_FAULTS,
    FakeServer,
    running_server,
    table_engine,
)
from tests.backtest.adapters.minutes import MIDNIGHT_MS

FAULTS = (*TABLE_FAULTS, "error after 200", "wrong credentials", "no table", "cut", "slow")
PERIOD_S = 0.5
N_DAYS = 30


def main(seed: str, share: str) -> None:
    with table_engine() as engine, running_server(engine) as server:
        fill(server, seed=int(seed))
        print(server.server_address[1], flush=True)
        ended = threading.Event()
        moods = threading.Thread(target=_misbehave, args=(server, int(seed), float(share), ended))
        moods.start()
        sys.stdin.read()
        ended.set()
        moods.join()


def fill(server: FakeServer, *, seed: int) -> None:
    """A month of minutes of one market."""
    minutes = generate(SyntheticMarket(first_ms=MIDNIGHT_MS, n_minutes=N_DAYS * 1_440, seed=seed))
    instrument = Instrument(market_id=1, symbol="BTCUSDT")
    with closing(ClickHousePool(server.target)) as pool:
        create_table(pool)
        insert_minutes(pool, instrument, minutes, source="test", ingested_at=1)


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
