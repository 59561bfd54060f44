"""One large run with evidence, while a node of it dies and another one joins it."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

from backtest.control import Control
from resolvers.service import BacktestService
from schema.parse import parse_request
from schema.response import json_pieces
from tests.waiting import PATIENCE_S, wait_for
from trials.cluster.computing import Computing, alone, computing
from trials.cluster.local_nodes import LocalNodes
from trials.load.scenes import YEAR, grid

USER = UUID(int=1)
# By the Sharpe ratio, which measures the trades of every variant.
LARGE = grid(
    700, "ma.sma", "ma.ema", timeframe="5m", time_range=YEAR, top_k=10,
    include=["evidence", "landscape"], ranking={"primary_metric": "sharpe"},
)  # fmt: skip


def large_run(service: BacktestService, control: Control) -> bytes:
    """A job: the bytes of the answer."""
    request = parse_request(dict(LARGE))
    return b"".join(json_pieces(service.run(request, user_id=USER, control=control)))


def join_large_runs(data: Path, nodes: LocalNodes, n_runs: int) -> dict[str, int]:
    """By turns one of the others dies, and the node that has the run."""
    expected = alone(data, large_run)
    seen: Counter[str] = Counter()
    n_nodes = len(nodes.added)
    with computing(data, nodes) as cluster:
        for number in range(n_runs):
            found, facts = _disturbed(cluster, nodes, is_own=number % 2 == 1)
            seen.update(
                {
                    "right": int(found == expected),
                    "wrong": int(found != expected),
                    "shards": facts["shards"],
                    "shards looked through again": facts["shards_lost"],
                    "runs begun again": facts["nodes_lost"],
                    "runs that the new node joined": int(facts["shard_nodes"] > n_nodes),
                }
            )
            print("large run", number + 1, dict(seen), flush=True)
            wait_for(lambda: len(cluster.places()) == n_nodes)
    return {"large runs, a node killed and one added in each": n_runs, **seen}


def _disturbed(cluster: Computing, nodes: LocalNodes, *, is_own: bool) -> tuple[bytes, Any]:
    """A run from whose middle on a node is missing and another one there, and its facts."""
    n_nodes = len(nodes.added)
    done: dict[str, int] = {}

    def record(stage: str, n_done: int, _total: int) -> None:
        done[stage] = n_done

    with ThreadPoolExecutor(1) as thread:
        run = thread.submit(cluster.do, large_run, record)
        wait_for(lambda: done.get("stage_a", 0) >= n_nodes or run.done(), within_s=5 * PATIENCE_S)
        (dying, *_) = (place for place in cluster.places() if bool(place.n_running) is is_own)
        nodes.kill(nodes.by_id(dying.node_id))
        nodes.add()
        return run.result()
