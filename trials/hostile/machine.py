"""What a careless machine does to the service: nobody reads its log, its supervisor is killed."""

import os
import queue
import re
import signal
from pathlib import Path

from trials.hostile import limits
from trials.hostile.service import Copy, Service, eventually, running
from trials.hostile.verdict import Verdict
from trials.hostile.wire import answer_of, connected, question
from trials.processes import Costs

N_REQUESTS = 6_000
N_WORKERS = 2


def unread_log(service: Service) -> Verdict:
    """Nobody reads standard error; requests write more than the pipe and the buffer hold.

    Then somebody reads what there is, and again nobody, to the end.
    """
    service.is_read.clear()
    n_answered = _ask_until_silent(service)
    service.is_read.set()
    n_dropped = _n_dropped(service) if n_answered == N_REQUESTS else 0
    service.is_read.clear()
    n_answered += _ask_until_silent(service)
    service.process.send_signal(signal.SIGTERM)
    ended_s = eventually(lambda: service.process.poll() is not None, limits.UNREAD_STOPPED_S)
    ended = "went on" if ended_s is None else f"ended after {ended_s:.1f} s"
    return Verdict(
        holds=n_answered == 2 * N_REQUESTS and n_dropped > 0 and ended_s is not None,
        seen=f"{n_answered} of {2 * N_REQUESTS} requests answered, {n_dropped} lines dropped and "
        f"counted; SIGTERM: {ended}",
    )


def _ask_until_silent(service: Service) -> int:
    n_answered = 0
    with connected(service.port) as line:
        line.settimeout(limits.QUESTION_S)
        for n_answered in range(N_REQUESTS):
            line.sendall(question())
            if answer_of(line)[0] != 401:
                return n_answered
    return N_REQUESTS


def _n_dropped(service: Service) -> int:
    """What the service says about it once it is read again."""
    try:
        while line := service.lines.get(timeout=limits.UNREAD_TOLD_S):
            found = re.search(r'"n": (\d+).*"log_lines_dropped"', line)
            if found:
                return int(found[1])
    except queue.Empty:
        pass
    return 0


def killed_supervisor(copy: Copy, costs: Costs) -> Verdict:
    """SIGKILL for the supervisor of two workers."""
    absent = {"ROEHUB_ENV": "dev", "CH_HOST": "127.0.0.1", "CH_PORT": "1"}
    with running(copy, env=absent, n_workers=N_WORKERS) as service, service.costing(costs):
        all_of_them = service.answering() + service.computing()
        service.process.kill()
        service.process.wait()
        after_s = eventually(lambda: not any(map(_lives, all_of_them)), limits.SUPERVISOR_LOST_S)
        n_left = sum(map(_lives, all_of_them))
        for pid in all_of_them:
            if _lives(pid):
                os.kill(pid, signal.SIGKILL)
    if after_s is None:
        return Verdict(holds=False, seen=f"{n_left} of {len(all_of_them)} processes went on")
    return Verdict(
        holds=len(all_of_them) == 2 * N_WORKERS,
        seen=f"{len(all_of_them)} processes ended within {after_s:.1f} s",
    )


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1][1] != "Z"
    except OSError:
        return False
