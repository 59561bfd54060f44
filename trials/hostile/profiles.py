"""Profiles of ClickHouse users that leave out rows without a word."""

from tests.backtest.adapters.candles.test_profile import BLOCKS, LYING_PROFILES
from tests.backtest.adapters.clickhouse_server import FakeServer, running_server, table_engine
from trials.hostile.readers import run, windows
from trials.hostile.service import Copy, Service, running
from trials.hostile.verdict import Verdict
from trials.hostile.wire import answered_run
from trials.processes import Costs
from trials.soak.store import fill

DAYS = 14


def lying(copy: Copy, costs: Costs) -> Verdict:
    """Each profile over a range that nobody has asked for, then the same without it."""
    with table_engine() as engine, running_server(engine) as candles:
        fill(candles, seed=1)
        env = {"CH_HOST": "127.0.0.1", "CH_PORT": str(candles.server_address[1])}
        with running(copy, env=env) as service, service.costing(costs):
            seen = [_told(service, candles, n) for n in range(len(LYING_PROFILES))]
    counts = {word: seen.count(word) for word in sorted(set(seen))}
    return Verdict(
        holds=counts.keys() <= {"all rows", "503"},
        seen=f"of {len(seen)}: {', '.join(f'{n} × {word}' for word, n in counts.items())}",
    )


def _told(service: Service, candles: FakeServer, n: int) -> str:
    body = run(windows("ma.sma", 4), days=DAYS + n, trades=1)
    candles.profile = list(LYING_PROFILES.values())[n] | BLOCKS
    lie = answered_run(service.port, body, service.token)
    candles.profile = {}
    honest = answered_run(service.port, body, service.token)
    if honest[0] != 200:
        return f"{honest[0]} without it"
    if lie[0] != 200:
        return str(lie[0])
    return "all rows" if lie == honest else "fewer rows, taken for all"
