"""A service over the addresses that no other part has: a client of Ray's, and a node of its own."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tests.ports import free_port
from tests.waiting import wait_for
from trials.cluster.clients import CONFIG, N_CLIENTS, Answers, Load
from trials.cluster.dying import drain, kill_nodes
from trials.cluster.local_nodes import family, lives, opened_nodes
from trials.cluster.service import served

N_KILLS = 2


def over_addresses(data: Path, expected: Answers, n_nodes: int) -> list[dict[str, str | int]]:
    """A row for each address: under load, then at a SIGTERM, then killed."""
    port = free_port()
    with opened_nodes(n_nodes, client_port=port) as nodes:
        address = f"ray://127.0.0.1:{port}"
        killed = kill_nodes(data, nodes, address, expected, N_KILLS)
        stopped = drain(data, address, n_nodes, expected)
    return [_row("`ray://host:port`", N_KILLS, killed, stopped), _local(data, expected)]


def _local(data: Path, expected: Answers) -> dict[str, str | int]:
    with served(data, "local", CONFIG) as service:
        wait_for(lambda: service.count("node_ready"))
        with Load(service, expected) as load:
            wait_for(load.is_answered(4 * N_CLIENTS))
        started = family(service.process.pid)
    wait_for(lambda: not any(map(lives, started)))  # though the service was killed
    return _row("`local`", 0, load.seen, drain(data, "local", 1, expected))


def _row(address: str, n_killed: int, *parts: Mapping[str, int]) -> dict[str, str | int]:
    seen: Counter[str] = Counter()
    for part in parts:
        seen.update(part)
    names = ("right", "503", "wrong", "lost", "exit codes other than 0")
    return {"address": address, "nodes killed": n_killed, **{name: seen[name] for name in names}}
