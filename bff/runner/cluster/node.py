"""What runs on a node of the cluster: an engine with its own stores, memory and kernels.

See: docs/scale.md
"""

import hashlib
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from backtest.control import Control
from backtest.engine.shards import Machines
from bff.config.settings import Settings
from bff.runner.cluster.peer import NOT_BEGUN, Frames, Peer, Progress
from bff.runner.cluster.peers import Peers
from bff.runner.local import LocalRunner
from bff.runner.memory_watch import held_bytes, keep_within
from bff.runner.messages import Call, unpacked
from bff.runner.server import carried_out
from bff.telemetry.logs import configure_logs

Build = Callable[[Settings, Machines], LocalRunner]

PROGRAM = ("backtest", "schema", "resolvers", "bff")
EARLY_CANCELS = 1_024
# Of each group of methods. More calls than anybody admits to one node at once, which only wait.
THREADS = {"calls": 256, "control": 4, "life": 1}
Method = TypeVar("Method", bound=Callable[..., Any])


def within(group: str) -> Callable[[Method], Method]:
    """Mark whose threads a method is called in, as `ray.method` does, which needs Ray.

    A caller cannot choose them: Ray's client refuses that.
    """

    def mark(method: Method) -> Method:
        method.__ray_concurrency_group__ = group  # pyright: ignore[reportFunctionMemberAccess]
        return method

    return mark


class Node:
    """Carries calls out; its methods are called from several threads at once.

    Args:
        settings: What the engine and its stores are built from.
        build: Builds them, around whoever helps with large runs.
    """

    def __init__(self, settings: Settings, build: Build) -> None:
        configure_logs(settings.env)
        self._peers = Peers(settings.compute.shard_run_seconds)
        self._runner = build(settings, self._peers)
        keep_within(settings.compute, self._runner.memory)
        self._lock = threading.Lock()
        self._controls: dict[str, Control] = {}
        self._stages: dict[str, dict[str, tuple[int, int]]] = {}
        self._early: deque[str] = deque(maxlen=EARLY_CANCELS)

    def ready(self) -> str:
        """Return when calls need not wait for anything; which program this is.

        Raises:
            CandlesUnavailable: The candle store does not answer from here.
            StrategiesUnavailable: The strategy store does not.
        """
        for store in (self._runner.candles, self._runner.strategies):
            store.ping()
        self._runner.warm(Control())
        return program_digest()

    @within("life")
    def stay(self) -> None:
        """Never return: whoever waits for it learns that the process has ended."""
        threading.Event().wait()

    @within("calls")
    def do(
        self, key: str, frames: Sequence[bytes], peers: Sequence[Peer], *shared: Any
    ) -> tuple[Frames, Progress]:
        """Carry a call out; the frames of its reply, and how far each stage came.

        See: `Peer.do` for the arguments.
        """
        if peers:
            self._peers.know(peers)
        call: Call = unpacked(frames)
        call = replace(call, task=partial(call.task, *shared))
        stages: dict[str, tuple[int, int]] = {}

        def record(stage: str, done: int, total: int) -> None:
            stages[stage] = done, total

        control = Control(call.limit_s, record, call.left_s)
        self._begin(key, control, stages)
        try:
            reply = carried_out(call, self._runner, control)
        finally:
            self._end(key)
        return tuple(map(bytes, reply)), Progress(stages, control.used_s)

    @within("control")
    def meet(self, peers: Sequence[Peer]) -> None:
        """Somebody is new among those who can be asked for help."""
        self._peers.know(peers)

    @within("control")
    def cancel(self, key: str) -> None:
        """Nobody waits for a call any more; it may not have begun yet."""
        with self._lock:
            control = self._controls.get(key)
            if control is None:
                self._early.append(key)
        if control is not None:
            control.cancel()

    @within("control")
    def progress(self, key: str) -> Progress:
        """How far a call is; nothing where it does not run."""
        with self._lock:
            control, stages = self._controls.get(key), self._stages.get(key)
        if control is None or stages is None:
            return NOT_BEGUN
        return Progress(dict(stages), control.used_s)

    @within("control")
    def held_bytes(self) -> int:
        """Resident memory of the process."""
        return held_bytes()

    def _begin(self, key: str, control: Control, stages: dict[str, tuple[int, int]]) -> None:
        with self._lock:
            self._controls[key] = control
            self._stages[key] = stages
            is_cancelled = key in self._early
        if is_cancelled:
            control.cancel()

    def _end(self, key: str) -> None:
        with self._lock:
            del self._controls[key], self._stages[key]


@cache
def program_digest() -> str:
    """Digest of this program's sources and of what its numbers depend on.

    Jobs travel as pickles, and every node must compute the same bits: a node with another version
    gets no work. See: docs/scale.md
    """
    digest = hashlib.sha256(sys.version.encode())
    for name in ("numba", "numpy"):
        digest.update(version(name).encode())
    root = Path(__file__).parents[3]
    for package in PROGRAM:
        for file in sorted((root / package).rglob("*.py")):
            digest.update(str(file.relative_to(root)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
