"""`python -m trials.cluster [--kills 20] [--drains 10]`: nodes die under a served cluster's load.

Real `serve`, three real nodes on this machine, clients of both faces. Every answer has to be that
of a service without a cluster. Then drains, and what breaks while no node dies (`faults`). Writes
docs/scale.md.
"""

import argparse
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from httpx2 import HTTPError

from benchmarks.machine import ROOT
from benchmarks.tables import table
from tests.waiting import wait_for
from trials.cluster.faults import break_things
from trials.cluster.local_nodes import LocalNodes, opened_nodes, unusable
from trials.cluster.service import PATIENCE_S, Served, served
from trials.faults.asking import FACES
from trials.load.scenes import YEAR, grid
from trials.load.service import filled_store
from trials.soak.page import write_region

PAGE = ROOT / "docs" / "scale.md"
N_NODES = 3
N_CLIENTS = 6
BODIES = (
    grid(20, "ma.sma", timeframe="15m", time_range=YEAR, top_k=3),
    grid(60, "ma.sma", "ma.ema", timeframe="15m", time_range=YEAR, top_k=10),
)
CONFIG = """
version: 1
compute: {threads: 2, running_runs: 6, waiting_runs: 16, runs_per_user: 16, shard_run_seconds: 0.2}
"""
Question = tuple[str, int]
QUESTIONS: tuple[Question, ...] = tuple(
    (face, place) for face in FACES for place in range(len(BODIES))
)


class Load:
    """Clients that ask without a pause, and what became of their questions.

    Args:
        service: Whom.
        expected: The right content of each question.
    """

    def __init__(self, service: Served, expected: dict[Question, bytes]) -> None:
        self._service, self._expected = service, expected
        self.seen: Counter[str] = Counter({"right": 0, "503": 0, "wrong": 0, "lost": 0})
        self._is_over = threading.Event()
        self._clients = [
            threading.Thread(target=self._ask_on, args=(user,)) for user in range(N_CLIENTS)
        ]

    def __enter__(self) -> "Load":
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_asking()
        for client in self._clients:
            client.join()

    def stop_asking(self) -> None:
        """No client asks again; each waits for the answer that it has not got."""
        self._is_over.set()

    def is_answered(self, n_more: int) -> Callable[[], bool]:
        """Whether so many more answers have come since now."""
        aim = self.seen.total() + n_more
        return lambda: self.seen.total() >= aim

    def _ask_on(self, user: int) -> None:
        number = user
        while not self._is_over.is_set():
            question = QUESTIONS[number % len(QUESTIONS)]
            number += 1
            try:
                self.seen[self._judged(question, user)] += 1
            except HTTPError:
                self.seen["lost"] += 1

    def _judged(self, question: Question, user: int) -> str:
        status, content = ask(self._service, question, user)
        if status == 503:
            return "503"
        return "right" if (status, content) == (200, self._expected[question]) else "wrong"


def ask(service: Served, question: Question, user: int) -> tuple[int, bytes]:
    """Status and content of one answer."""
    face, place = question
    return service.ask(face, BODIES[place], user)


def kill_nodes(
    data: Path, nodes: LocalNodes, expected: dict[Question, bytes], n_kills: int
) -> dict[str, int]:
    """Nodes die one after the other, and another one comes for each."""
    with served(data, nodes.address, CONFIG) as service:
        wait_for(lambda: service.count("node_ready") >= N_NODES)
        with Load(service, expected) as load:
            for number in range(n_kills):
                wait_for(load.is_answered(2 * N_CLIENTS))
                nodes.kill(nodes.oldest())
                nodes.add()
                wait_for(lambda number=number: service.count("node_ready") > N_NODES + number)
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


def drain(data: Path, nodes: LocalNodes, expected: dict[Question, bytes]) -> dict[str, int]:
    """SIGTERM while every client waits for a run: all of them are answered."""
    with served(data, nodes.address, CONFIG) as service:
        wait_for(lambda: service.count("node_ready") >= N_NODES)
        load = Load(service, expected)
        with load:
            wait_for(load.is_answered(N_CLIENTS))
            load.stop_asking()
            service.process.send_signal(signal.SIGTERM)
        code = service.process.wait(PATIENCE_S)
    return {**load.seen, "exit codes other than 0": int(code != 0)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m trials.cluster", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--drains", type=int, default=10)
    given = parser.parse_args()
    reason = unusable()
    if reason is not None:
        sys.exit(f"not tried: {reason}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        data = filled_store(Path(name))
        with served(data, None, CONFIG) as alone:
            answers = {question: ask(alone, question, 0) for question in QUESTIONS}
        assert {status for status, _ in answers.values()} == {200}, answers
        expected = {question: content for question, (_, content) in answers.items()}
        with opened_nodes(N_NODES) as nodes:
            kills = kill_nodes(data, nodes, expected, given.kills)
            drains: Counter[str] = Counter({"drains": given.drains, "lost": 0})
            for number in range(given.drains):
                seen = drain(data, nodes, expected)
                print("drain", number + 1, seen, flush=True)
                drains.update(seen)
            broken = break_things(data, nodes.address, N_NODES)
    faults = 0
    for region, found in (
        ("cluster-kills", kills),
        ("cluster-drains", dict(drains)),
        ("cluster-faults", broken),
    ):
        text = table([*found], [[*map(str, found.values())]])
        print(text, flush=True)
        write_region(region, text, PAGE)
        faults += sum(number for name, number in found.items() if name in FAULTS)
    sys.exit(1 if faults else 0)


FAULTS = {
    "wrong",
    "lost",
    "wrong afterwards",
    "exit codes other than 0",
    "told otherwise than 504",
    "nodes lost",
}


if __name__ == "__main__":
    main()
