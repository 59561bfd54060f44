"""Several real Ray nodes on this machine, as small as they can be, and all ended with the block."""

import importlib.util
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.waiting import PATIENCE_S, wait_for

# Ray takes 127.0.0.1 for "this machine, by whatever address others reach it".
ADDRESS = "127.0.0.2"
STORE_BYTES = 80 << 20
# Nodes that are killed are noticed within a second, and one that stands still is not dead.
SYSTEM = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 200,
    "health_check_failure_threshold": 3,
    "health_check_timeout_ms": int(PATIENCE_S * 1_000),
    "worker_register_timeout_seconds": int(PATIENCE_S),
}
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # beside busy programs one that yields takes minutes to start
    "RAY_BACKEND_LOG_LEVEL": "error",
    "RAY_AUTH_MODE": "disabled",  # everything listens on the loopback alone
    "GRPC_ENABLE_FORK_SUPPORT": "0",  # else what serves the client ends where it is forked
}


def unusable() -> str | None:
    """Why no node can be started here; None where one can."""
    if importlib.util.find_spec("ray") is None:
        return "Ray is not installed: pip install 'roehub-backtest[cluster]'"
    shared = Path("/dev/shm")
    if not shared.is_dir() or shutil.disk_usage(shared).free < 8 * STORE_BYTES:
        return "/dev/shm has too little room for the stores of Ray's nodes"
    return None


class LocalNodes:
    """A head without processors of its own, and nodes that are added and killed.

    Args:
        client_port: Where the head serves Ray's client (`ray://`); None for nowhere.
        port: Where the head listens; None for any free port.

    Attributes:
        added: The nodes that live, the oldest first.
    """

    def __init__(self, client_port: int | None = None, port: int | None = None) -> None:
        from ray.cluster_utils import Cluster  # noqa: PLC0415 - Ray is an extra

        self._seen: set[int] = set()
        self.added: list[Any] = []
        self._cluster: Any = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 0,
                "node_ip_address": ADDRESS,
                "include_dashboard": False,
                "object_store_memory": STORE_BYTES,
                "_system_config": SYSTEM,
                **({} if client_port is None else {"ray_client_server_port": client_port}),
                **({} if port is None else {"gcs_server_port": port}),
            },
        )

    @property
    def address(self) -> str:
        return self._cluster.address

    def add(self, n_nodes: int = 1, n_cpus: int = 1) -> list[Any]:
        """Start nodes; they join one after the other."""
        added = [
            self._cluster.add_node(
                num_cpus=n_cpus,
                node_ip_address=ADDRESS,
                object_store_memory=STORE_BYTES,
            )
            for _ in range(n_nodes)
        ]
        self.added += added
        return added

    def by_id(self, node_id: str) -> Any:
        return next(node for node in self._cluster.worker_nodes if node.node_id == node_id)

    def oldest(self) -> Any:
        """The node that has been there longest."""
        return self.added[0]

    def kill(self, node: Any) -> None:
        """As if the machine had lost its power: every process of the node at once."""
        self._seen |= family(raylet_pid(node))
        for pid in family(raylet_pid(node)):
            _kill(pid)
        self._cluster.remove_node(node, allow_graceful=False)
        self.added.remove(node)

    def close(self) -> None:
        """End every process, and wait until none is left."""
        import ray  # noqa: PLC0415

        ray.shutdown()
        for node in self._cluster.list_all_nodes():
            for kind in node.all_processes.values():
                for info in kind:
                    self._seen |= family(info.process.pid)
        self._cluster.shutdown()
        for pid in self._seen:
            _kill(pid)
        wait_for(lambda: not [pid for pid in self._seen if lives(pid)])


@contextmanager
def _patience() -> Generator[None]:
    """Ray itself gives a node half a minute to start, however busy the machine is."""
    from ray._private import services  # noqa: PLC0415

    get_node: Callable[..., Any] = services.get_node

    def found(*words: Any) -> Any:
        ends_at_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                return get_node(*words)
            except RuntimeError:
                if time.monotonic() >= ends_at_s:
                    raise
                time.sleep(0.1)

    with patch.object(services, "get_node", found):
        yield


def raylet_pid(node: Any) -> int:
    (raylet,) = node.all_processes["raylet"]
    return raylet.process.pid


@contextmanager
def opened_nodes(
    n_nodes: int, client_port: int | None = None, port: int | None = None
) -> Generator[LocalNodes]:
    """A head and so many nodes of one processor each, on the loopback alone."""
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # the paths of sockets must be short
    surroundings = QUIET | {"RAY_TMPDIR": folder}
    before = {name: os.environ.get(name) for name in surroundings}
    os.environ |= surroundings
    try:
        with _patience():
            nodes = LocalNodes(client_port, port)
            try:
                nodes.add(n_nodes)
                yield nodes
            finally:
                nodes.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def family(pid: int) -> set[int]:
    """A process and all that it has started."""
    found = {pid}
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            below = task.read_text(encoding="utf-8").split()
        except OSError:
            continue
        for child in below:
            found |= family(int(child))
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
