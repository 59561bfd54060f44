"""Every call of Ray: the only module that imports it.

See: docs/scale.md
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# Ray makes classes and methods remote at run time, which no checker can follow.

import logging
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

from backtest.errors import ClusterUnavailable
from bff.config.settings import Settings
from bff.runner.cluster.node import THREADS, Build, Node
from bff.runner.cluster.peer import Frames, NodeLostError, Peer, Progress, first_line
from bff.serving.reachable import unreachable

# Several services may share the accelerator of a node, each with an actor of its own.
GPU_SHARE = 0.25
REACHED_WITHIN_S = 5.0
LOCAL_STORE_BYTES = 256 << 20
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0", "RAY_BACKEND_LOG_LEVEL": "error"}
# A question over a connection that is lost would start a cluster here.
NEVER_BY_ITSELF = {"RAY_ENABLE_AUTO_CONNECT": "0"}


class RayCluster:
    """A connection to a cluster, of which a process can have one.

    Args:
        address: Of the cluster; `local` starts one of a single node in this machine.
        n_cpus: Processors of that node.

    Raises:
        ClusterUnavailable: No cluster answers there.
    """

    def __init__(self, address: str, *, n_cpus: int) -> None:
        if address != "local":
            _check_reachable(address)
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        os.environ |= NEVER_BY_ITSELF
        if address == "local" and "RAY_AUTH_MODE" not in os.environ:
            # Whoever may speak to it may execute anything here: a token that is never written down.
            os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        import ray  # noqa: PLC0415 - it reads the environment

        self._ray: Any = ray
        logging.getLogger("ray").setLevel(logging.ERROR)
        try:
            self._connect(address, n_cpus)
        except Exception as exc:
            raise _unavailable(_why_not(address, exc)) from exc

    def _connect(self, address: str, n_cpus: int) -> None:
        quietly = {"log_to_driver": False, "configure_logging": False, "namespace": "roehub"}
        if address == "local":
            self._ray.init(
                "local",
                num_cpus=n_cpus,
                include_dashboard=False,
                object_store_memory=LOCAL_STORE_BYTES,
                _node_ip_address="127.0.0.1",
                **quietly,
            )
        else:
            self._ray.init(address, **quietly)

    @property
    def is_connected(self) -> bool:
        """Whether the cluster can be asked; a client may have lost it."""
        return self._ray.is_initialized()

    def living(self) -> dict[str, tuple[int, bool]]:
        """Nodes that may compute: processors of each, and whether it has an accelerator."""
        nodes = [node for node in self._ray.nodes() if node["Alive"]]
        resources = {node["NodeID"]: node["Resources"] for node in nodes}
        return {
            node_id: (int(has["CPU"]), "GPU" in has)
            for node_id, has in resources.items()
            if has.get("CPU", 0) >= 1
        }

    def place(
        self,
        node_id: str,
        settings: Settings,
        build: Build,
        *,
        has_gpu: bool,
    ) -> "NodeHandle":
        """Begin to start what computes on a node."""
        from ray.util.scheduling_strategies import (  # noqa: PLC0415
            NodeAffinitySchedulingStrategy,
        )

        remote = self._ray.remote(
            num_cpus=0,
            num_gpus=GPU_SHARE if has_gpu else 0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
            # A run asks its own node too: calls need threads of their own, and so do their ends.
            concurrency_groups=THREADS,
            max_restarts=0,
            max_task_retries=0,
        )
        return NodeHandle(remote(Node).remote(settings, build), uuid4().hex)

    def close(self) -> None:
        """Leave the cluster; what this process has placed there ends."""
        self._ray.shutdown()


class NodeHandle:
    """What computes on one node, seen from elsewhere (`peer.Peer`); it may travel itself."""

    def __init__(self, actor: Any, name: str) -> None:
        self._actor, self._name = actor, name

    @property
    def name(self) -> str:
        """`Peer.name`."""
        return self._name

    def ready(self) -> Future[str]:
        """`Node.ready`."""
        return _asked(self._actor.ready.remote)

    def ended(self) -> Future[None]:
        """Settles when the process there has ended."""
        return _asked(self._actor.stay.remote)

    def do(
        self, key: str, frames: Sequence[bytes], peers: Sequence[Peer], *shared: Any
    ) -> Future[tuple[Frames, Progress]]:
        """`Node.do`."""
        return _asked(self._actor.do.remote, key, frames, peers, *shared)

    def share(self, value: object) -> Any:
        """Put a value into the object store."""
        import ray  # noqa: PLC0415 - it is there where a handle is

        return ray.put(value)

    def meet(self, peers: Sequence[Peer]) -> None:
        """`Node.meet`."""
        _asked(self._actor.meet.remote, peers)

    def cancel(self, key: str) -> None:
        """`Node.cancel`."""
        _asked(self._actor.cancel.remote, key)

    def progress(self, key: str) -> Future[Progress]:
        """`Node.progress`."""
        return _asked(self._actor.progress.remote, key)

    def held_bytes(self) -> Future[int]:
        """`Node.held_bytes`."""
        return _asked(self._actor.held_bytes.remote)

    def kill(self) -> None:
        """End it at once, with all that it does."""
        import ray  # noqa: PLC0415

        ray.kill(self._actor)


def _asked(send: Callable[..., Any], *words: Any) -> Future[Any]:
    """What an answer will be; a loss is told as `NodeLostError`."""
    import ray  # noqa: PLC0415

    answer: Future[Any] = Future()

    def settle(found: Future[Any]) -> None:
        failure = found.exception()
        if failure is None:
            answer.set_result(found.result())
        else:
            answer.set_exception(_lost(failure) if _is_loss(failure) else failure)

    try:
        send(*words).future().add_done_callback(settle)
    except Exception as exc:
        if ray.is_initialized():
            raise
        answer.set_exception(_lost(exc))  # a client says no more than that it is not connected
    return answer


def _is_loss(failure: BaseException) -> bool:
    from ray.exceptions import RayError, RayTaskError  # noqa: PLC0415

    is_by_ray = isinstance(failure, RayError) and not isinstance(failure, RayTaskError)
    return is_by_ray or isinstance(failure, ConnectionError)


def _lost(failure: BaseException) -> NodeLostError:
    lost = NodeLostError(str(failure))
    lost.__cause__ = failure
    return lost


def _causes(failure: BaseException | None) -> Iterator[BaseException]:
    """What happened, and what had happened before it."""
    while failure is not None:
        yield failure
        failure = failure.__cause__ or failure.__context__


def _unavailable(note: str) -> ClusterUnavailable:
    unavailable = ClusterUnavailable()
    unavailable.add_note(note)
    return unavailable


def _check_reachable(address: str) -> None:
    """Ray takes minutes to say that nothing listens, and names no address."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    reason = unreachable(host, int(port), within_s=REACHED_WITHIN_S)
    if reason is not None:
        raise _unavailable(
            f"No Ray cluster answers at {address} ({reason}). Start one with `ray start --head`, or"
            " correct compute.cluster."
        )


def _why_not(address: str, failure: Exception) -> str:
    """Why there is no connection, and what to do; Ray says no more than that there is none."""
    causes = [*_causes(failure)]
    text = "\n".join(map(str, causes))
    if "authentic" in text.lower():
        return (
            f"The Ray cluster at {address} rejected the token that is configured here. Set"
            " RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to the token of the cluster."
        )
    if "Version mismatch" in text:
        return (
            f"The Ray cluster at {address} runs a different version of Ray or Python. Install the"
            " same versions on all machines."
        )
    return (
        f"The server at {address} does not answer like a Ray cluster ({first_line(causes[-1])})."
        " Use host:6379, the port of `ray start --head`, or ray://host:10001, the port of its"
        " client server; a wrong RAY_AUTH_MODE or RAY_AUTH_TOKEN gives this error on the latter."
    )
