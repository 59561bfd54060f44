"""Starts on a machine that lacks something: they go well, or end and say in a sentence why."""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass

from trials.hostile import limits
from trials.hostile.readers import SMALL
from trials.hostile.service import GENERATE, Copy, running
from trials.hostile.verdict import Verdict
from trials.hostile.wire import answered_run
from trials.processes import Cost, Costs

ABSENT = {"CH_HOST": "127.0.0.1", "CH_PORT": "1"}
SPACE_KIB = 1 << 20
SHOWN_CHARS = 100


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process has ended, what it said on standard error, and what it cost."""

    code: int
    said: str
    cost: Cost

    @property
    def is_sentence(self) -> bool:
        """It failed, and said why without a stack."""
        return self.code == 1 and "Traceback" not in self.said and bool(self.said)

    @property
    def last_words(self) -> str:
        """What a table has room for; one that was ended here had not said why."""
        if self.code < 0:
            return "went on"
        return f"ended with {self.code}: {last_words(self.said)}"


def last_words(said: str) -> str:
    """The last line of a log, or its event, as far as a table has room."""
    line = said.strip().rpartition("\n")[2]
    with suppress(ValueError, KeyError, TypeError):
        line = str(json.loads(line)["event"])
    return line.replace("|", "/")[:SHOWN_CHARS]


def no_candle_server(copy: Copy, costs: Costs) -> Verdict:
    """CH_HOST names a port at which nothing listens."""
    return _refused(_begun(copy, "serve --port 0", ABSENT), "127.0.0.1:1", costs)


def little_space(copy: Copy, costs: Costs) -> Verdict:
    """A gigabyte of address space, which is not enough for a store and an engine."""
    return _refused(_begun(copy, "serve --port 0", {}, SPACE_KIB), "address space", costs)


def unknown_zone(copy: Copy, costs: Costs) -> Verdict:
    """TZ names no zone."""
    with running(copy, env={"TZ": ":Mars/Phobos:"}) as service, service.costing(costs):
        status = answered_run(service.port, SMALL, service.token)[0]
    return Verdict(holds=status == 200, seen=f"a run was answered with {status}")


def two_imports(copy: Copy, costs: Costs) -> Verdict:
    """Two writers begin at the same time in one new store."""
    fresh = Copy(root=copy.root, folder=copy.folder / "imports")
    fresh.folder.mkdir()
    words = f"{GENERATE} 400"
    both = [_begun(fresh, words, {}) for _ in range(2)]
    ended = [_ended(one) for one in both]
    costs.answers.mib = max(one.cost.mib for one in ended)
    costs.answers.cpu_s = sum(one.cost.cpu_s for one in ended)
    failed = [one for one in ended if one.code]
    seen = failed[0].last_words if failed else "both were imported"
    return Verdict(holds=not failed, seen=seen)


def _refused(process: "subprocess.Popen[str]", words: str, costs: Costs) -> Verdict:
    ended = _ended(process)
    costs.answers = ended.cost
    return Verdict(holds=ended.is_sentence and words in ended.said, seen=ended.last_words)


def _begun(
    copy: Copy, words: str, env: dict[str, str], space_kib: int | None = None
) -> "subprocess.Popen[str]":
    limit = "unlimited" if space_kib is None else str(space_kib)
    command = [sys.executable, "-m", "bff", *words.split()]
    return subprocess.Popen(
        ["/bin/sh", "-c", f'ulimit -v {limit}; exec "$@"', "sh", *command],
        env=copy.environ | env,
        cwd=copy.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(process: "subprocess.Popen[str]") -> Ended:
    """Wait for its end, or end it when it goes on for too long."""
    assert process.stderr is not None
    patience = threading.Timer(limits.ENDED_S, process.kill)
    patience.start()
    with process.stderr:
        said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    patience.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    cost = Cost(mib=used.ru_maxrss // 1024, cpu_s=used.ru_utime + used.ru_stime)
    return Ended(code=process.returncode, said=said, cost=cost)
