"""Clients of both faces that ask a service without a pause, and know what is right."""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from httpx2 import HTTPError

from trials.cluster.service import Served, served
from trials.faults.asking import FACES
from trials.load.scenes import YEAR, grid

N_CLIENTS = 6
RETRY_AFTER_S = 1.0
BODIES = (
    grid(20, "ma.sma", timeframe="15m", time_range=YEAR, top_k=3),
    grid(60, "ma.sma", "ma.ema", timeframe="15m", time_range=YEAR, top_k=10),
)
CONFIG = """
version: 1
compute: {threads: 2, running_runs: 6, waiting_runs: 16, runs_per_user: 16, shard_run_seconds: 0.2}
"""
Question = tuple[str, int]
Answers = dict[Question, bytes]
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

    def is_answered(self, n_more: int, verdict: str | None = None) -> Callable[[], bool]:
        """Whether so many more answers, or answers of one kind, have come since now."""

        def n_seen() -> int:
            return self.seen.total() if verdict is None else self.seen[verdict]

        aim = n_seen() + n_more
        return lambda: n_seen() >= aim

    def _ask_on(self, user: int) -> None:
        number = user
        while not self._is_over.is_set():
            question = QUESTIONS[number % len(QUESTIONS)]
            number += 1
            try:
                verdict = self._judged(question, user)
            except HTTPError:
                verdict = "lost"
            self.seen[verdict] += 1
            if verdict == "503":
                self._is_over.wait(RETRY_AFTER_S)

    def _judged(self, question: Question, user: int) -> str:
        status, content = ask(self._service, question, user)
        if status == 503:
            return "503"
        return "right" if (status, content) == (200, self._expected[question]) else "wrong"


def ask(service: Served, question: Question, user: int) -> tuple[int, bytes]:
    """Status and content of one answer."""
    face, place = question
    return service.ask(face, BODIES[place], user)


def right_answers(data: Path) -> Answers:
    """What a service without a cluster answers."""
    with served(data, None, CONFIG) as alone:
        answers = {question: ask(alone, question, 0) for question in QUESTIONS}
    assert {status for status, _ in answers.values()} == {200}, answers
    return {question: content for question, (_, content) in answers.items()}
