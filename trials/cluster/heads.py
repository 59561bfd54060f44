"""A cluster that is lost whole, its head too, and one that is started in its place."""

from contextlib import ExitStack
from pathlib import Path

from tests.ports import free_port
from tests.waiting import PATIENCE_S, wait_for
from trials.cluster.clients import CONFIG, N_CLIENTS, Answers, Load
from trials.cluster.local_nodes import ADDRESS, opened_nodes
from trials.cluster.service import served

N_LOSSES = 2


def lose_clusters(data: Path, expected: Answers, n_nodes: int) -> dict[str, int]:
    """The service goes on by itself: it answers 503 until there is a cluster again, then 200."""
    port = free_port()
    with ExitStack() as cluster:
        cluster.enter_context(opened_nodes(n_nodes, port=port))
        with served(data, f"{ADDRESS}:{port}", CONFIG) as service, Load(service, expected) as load:
            wait_for(load.is_answered(2 * N_CLIENTS, "right"))
            for number in range(N_LOSSES):
                cluster.close()
                wait_for(load.is_answered(2 * N_CLIENTS, "503"), within_s=5 * PATIENCE_S)
                cluster.enter_context(opened_nodes(n_nodes, port=port))
                wait_for(load.is_answered(2 * N_CLIENTS, "right"), within_s=5 * PATIENCE_S)
                print("cluster lost", number + 1, dict(load.seen), flush=True)
        return {"clusters lost and started again": N_LOSSES, **load.seen}
