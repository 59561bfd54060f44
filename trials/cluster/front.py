"""What a request costs in front of a cluster, where nothing is computed."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bff.served import children
from tests.waiting import PATIENCE_S, wait_for
from trials.cluster.service import served
from trials.processes import cpu_s


def in_front(
    data: Path,
    address: str,
    config: str,
    body: Mapping[str, Any],
    *,
    n_nodes: int,
    n_runs: int,
    n_clients: int,
) -> tuple[float, float]:
    """Processor seconds of a run over REST: of the process that answers, of the one that hands out.

    Means of `n_runs`, each over a connection of its own, `n_clients` at once.
    """
    with served(data, address, config) as service:
        wait_for(lambda: service.count("node_ready") >= n_nodes, within_s=5 * PATIENCE_S)
        assert service.ask("REST", body, 0)[0] == 200
        answering = service.process.pid
        (handing_out,) = children(answering)
        before = [cpu_s(pid) for pid in (answering, handing_out)]
        with ThreadPoolExecutor(n_clients) as clients:
            asked = clients.map(lambda _: service.ask("REST", body, 0)[0], range(n_runs))
            assert {*asked} == {200}
        after = [cpu_s(pid) for pid in (answering, handing_out)]
    one, other = ((b - a) / n_runs for a, b in zip(before, after, strict=True))
    return one, other
