"""Nodes that die under load while others come, and a service that stops under load."""

import signal
from pathlib import Path

from tests.waiting import wait_for
from trials.cluster.clients import CONFIG, N_CLIENTS, QUESTIONS, Answers, Load, ask
from trials.cluster.local_nodes import LocalNodes
from trials.cluster.service import PATIENCE_S, served


def kill_nodes(
    data: Path, nodes: LocalNodes, address: str, expected: Answers, n_kills: int
) -> dict[str, int]:
    """Nodes die one after the other, and another one comes for each."""
    n_nodes = len(nodes.added)
    with served(data, address, CONFIG) as service:
        wait_for(lambda: service.count("node_ready") >= n_nodes)
        with Load(service, expected) as load:
            for number in range(n_kills):
                wait_for(load.is_answered(2 * N_CLIENTS))
                nodes.kill(nodes.oldest())
                nodes.add()
                wait_for(lambda number=number: service.count("node_ready") > n_nodes + number)
                print(number + 1, dict(load.seen), flush=True)
        again = [ask(service, question, 0) for question in QUESTIONS]
        return {
            "nodes killed": n_kills,
            **load.seen,
            "runs begun again": service.count("node_lost"),
            "shards looked through again": service.count("shard_lost"),
            "wrong afterwards": sum(
                found != (200, expected[question])
                for question, found in zip(QUESTIONS, again, strict=True)
            ),
        }


def drain(data: Path, address: str, n_nodes: int, expected: Answers) -> dict[str, int]:
    """SIGTERM while every client waits for a run: all of them are answered."""
    with served(data, address, CONFIG) as service:
        wait_for(lambda: service.count("node_ready") >= n_nodes)
        load = Load(service, expected)
        with load:
            wait_for(load.is_answered(N_CLIENTS))
            load.stop_asking()
            service.process.send_signal(signal.SIGTERM)
        code = service.process.wait(PATIENCE_S)
    return {**load.seen, "exit codes other than 0": int(code != 0)}
