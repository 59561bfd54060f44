"""What breaks while no node dies: the store behind all of them, and the patience of clients."""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from httpx2 import TimeoutException

from tests.waiting import wait_for
from trials.cluster.service import Served, served
from trials.faults.asking import FACES, TEMPLATE
from trials.faults.kinds import ANSWERED
from trials.faults.strategy_stores import BROKEN_LINES
from trials.faults.world import CandleStore, candle_store

N_LEAVING = 6
LEAVES_AFTER_S = 0.5
CONFIG = """
version: 1
backtest: {sync: {sync_deadline_seconds: 2}}
compute: {threads: 2, running_runs: 6, waiting_runs: 16, runs_per_user: 16, candle_cache_bytes: 0,
  shard_run_seconds: 0.2}
"""
WINDOWS = {"mode": "range", "start": 3, "stop_incl": 702, "step": 1}
# Six processor seconds and more in shards, most of them for the evidence.
LATE: Mapping[str, Any] = {
    **TEMPLATE,
    "include": ["evidence"],
    "ranking": {"primary_metric": "sharpe"},
    "template": TEMPLATE["template"]
    | {
        "timeframe": "1m",
        "indicator_grids": [
            {
                "indicator_id": indicator_id,
                "source": {"mode": "explicit", "values": ["close"]},
                "params": {"window": WINDOWS},
            }
            for indicator_id in ("ma.sma", "ma.ema")
        ],
    },
}
# GraphQL asks for parts of the answer by selecting them; what is left is late all the same.
LATE_OVER = {"REST": LATE, "GraphQL": {name: LATE[name] for name in LATE if name != "include"}}


def break_things(data: Path, address: str, n_nodes: int) -> dict[str, int]:
    """Each fault once over each face, then deadlines, and clients that leave."""
    with candle_store() as candles, served(data, address, CONFIG, candles.environ) as service:
        wait_for(lambda: service.count("node_ready") >= n_nodes)
        expected = {face: service.ask(face, TEMPLATE, 0) for face in FACES}
        assert {status for status, _ in expected.values()} == {200}, expected
        seen: Counter[str] = Counter({"right": 0, "503": 0, "504": 0, "wrong": 0})
        faults = [
            *((candles.server, "fault", fault) for fault in ANSWERED),
            *((candles.wire, "state", fault) for fault in BROKEN_LINES),
        ]
        for owner, name, fault in faults:
            setattr(owner, name, fault)
            seen.update(_judged(service, expected, face) for face in FACES)
            _recover(service, candles, expected)
            print(fault, dict(seen), flush=True)
        late = [service.ask(face, LATE_OVER[face], 0)[0] for face in FACES]
        n_left = _leave(service)
        _recover(service, candles, expected)
        return {
            "faults of the store": len(faults),
            **seen,
            "runs past their deadline": len(late),
            "told otherwise than 504": sum(status != 504 for status in late),
            "clients that left": n_left,
            "nodes lost": service.count("node_lost") + service.count("engine_ended"),
        }


def _judged(service: Served, expected: Mapping[str, tuple[int, bytes]], face: str) -> str:
    answer = service.ask(face, TEMPLATE, 0)
    if answer[0] in (503, 504):
        return str(answer[0])
    return "right" if answer == expected[face] else "wrong"


def _recover(
    service: Served, candles: CandleStore, expected: Mapping[str, tuple[int, bytes]]
) -> None:
    """Everything works again, for everybody."""
    candles.mend()
    for face in FACES:
        wait_for(lambda face=face: service.ask(face, TEMPLATE, 0) == expected[face])


def _leave(service: Served) -> int:
    """Clients that do not wait for their runs; how many there were."""

    def leave(user: int) -> bool:
        try:
            service.ask("REST", LATE, user, LEAVES_AFTER_S)
        except TimeoutException:
            return True
        return False

    with ThreadPoolExecutor(N_LEAVING) as clients:
        return sum(clients.map(leave, range(N_LEAVING)))
