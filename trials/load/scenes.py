"""What is asked of the service, and what each question costs it."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from resource import RLIMIT_NOFILE, prlimit
from typing import Any

import numpy as np
from httpx2 import HTTPError

from tests.faces import to_graphql
from trials.load.service import Loaded
from trials.processes import cpu_s

IDLE_SHARE = 0.05
LOOK_S = 0.25
SHORT_TIMES = 20
ANSWERED_S = 20.0
FILES = 64
THREADS_GROUP = Path("/sys/fs/cgroup/pids")
FREE = {"fee_pct": 0.0, "slippage_pct": 0.0}
YEAR = {"start": "2024-01-01T00:00:00Z", "end": "2025-01-01T00:00:00Z"}

Row = tuple[str, ...]


def grid(
    windows: int, *names: str, timeframe: str, time_range: Mapping[str, str], **more: Any
) -> dict[str, Any]:
    """A grid of moving averages, in the words of REST."""
    window = {"mode": "range", "start": 3, "stop_incl": 2 + windows, "step": 1}
    close = {"mode": "explicit", "values": ["close"]}
    axes = {"source": close, "params": {"window": window}}
    template = {
        "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
        "timeframe": timeframe,
        "indicator_grids": [{"indicator_id": name, **axes} for name in names],
        "sizing_mode": "fixed_quote",
        "execution": FREE,
    }
    return {"time_range": dict(time_range), "template": template, **more}


def large(top_trades_n: int) -> dict[str, Any]:
    """A hundred variants over a year of minutes that trade every third bar."""
    return grid(
        100, "ma.sma", timeframe="1m", time_range=YEAR, top_k=100, top_trades_n=top_trades_n
    )


LONG = grid(700, "ma.sma", "ma.ema", timeframe="5m", time_range=YEAR, top_k=10)
# alone, it takes about 0.3 s
SHORT = grid(120, "ma.sma", "ma.ema", timeframe="15m", time_range=YEAR, top_k=10)
SELECTIONS = " ".join(f"t{n}: trades {{ tradeId entryTs exitTs netPnlQuote }}" for n in range(11))
ELEVEN = (
    "mutation($input: RunBacktestInput!) { runBacktest(input: $input) {"
    f" variants {{ report {{ {SELECTIONS} }} }} }} }}"
)


def large_answer(loaded: Loaded) -> Row:
    """The trades of sixty variants over REST."""
    return _asked(loaded, "/backtests", large(60))


def allowed_answer(loaded: Loaded) -> Row:
    """The trades of one variant over REST, in an answer that is nearly as long as is allowed."""
    body = large(1)
    body["template"]["indicator_grids"][0]["params"]["window"]["start"] = 9
    return _asked(loaded, "/backtests", body)


def eleven_selections(loaded: Loaded) -> Row:
    """The trades of sixty variants eleven times over GraphQL."""
    variables = {"input": to_graphql(large(60))}
    return _asked(loaded, "/graphql", {"query": ELEVEN, "variables": variables})


def _asked(loaded: Loaded, path: str, body: Mapping[str, Any]) -> Row:
    runner = loaded.runner
    answer, took_s = loaded.post(path, body, user=1)
    busy_s = 0.0 if runner is None else _busy_s(runner)
    is_same = "kept" if loaded.runner == runner else "lost"
    size = f"{len(answer.content) / (1 << 20):.1f} MiB"
    return str(answer.status_code), size, f"{took_s:.1f} s", f"{busy_s:.1f} s", is_same


def _busy_s(pid: int) -> float:
    """Seconds until a process has had nothing to do for a second."""
    started, idle_since = time.monotonic(), time.monotonic()
    while time.monotonic() - idle_since < 1.0:
        before = cpu_s(pid)
        time.sleep(LOOK_S)
        if cpu_s(pid) - before > IDLE_SHARE * LOOK_S:
            idle_since = time.monotonic()
    return max(0.0, idle_since - started)


def short_beside_long(loaded: Loaded) -> Row:
    """Runs of one user beside four long ones of each of two others."""
    statuses: list[int] = []
    taken_s: list[float] = []
    alone_s = min(loaded.post("/backtests", SHORT, user=3)[1] for _ in range(3))
    with ThreadPoolExecutor(8) as clients:
        runs = [
            clients.submit(loaded.post, "/backtests", LONG, user)
            for user in (1, 2)
            for _ in range(4)
        ]
        time.sleep(2.0)  # the long ones have their threads by then
        while len(taken_s) < SHORT_TIMES and not _all_done(runs):
            answer, took_s = loaded.post("/backtests", SHORT, user=3)
            statuses.append(answer.status_code)
            taken_s.append(took_s)
            time.sleep(0.2)
        n_long = sum(run.result()[0].status_code in {200, 504} for run in runs)
    p50, p95 = np.percentile(taken_s, [50, 95])
    right = f"{statuses.count(200)} of {len(statuses)}"
    return f"{alone_s:.2f} s", right, f"{p50:.2f} s", f"{p95:.2f} s", f"{n_long} of 8"


def _all_done(runs: list[Future[Any]]) -> bool:
    return all(run.done() for run in runs)


def few_files(loaded: Loaded) -> Row:
    """A hundred clients at once while each process may have 64 open files, then enough again."""
    with ExitStack() as limits:
        for pid in loaded.pids():
            soft, hard = prlimit(pid, RLIMIT_NOFILE)
            prlimit(pid, RLIMIT_NOFILE, (FILES, hard))
            limits.callback(prlimit, pid, RLIMIT_NOFILE, (soft, hard))
        crowd = _crowd(loaded)
    return _told(crowd, loaded)


def no_more_threads(loaded: Loaded) -> Row:
    """A hundred clients at once while no thread can be started, then enough again.

    In a control group, because a limit of the user's does not hold for root.
    """
    group = THREADS_GROUP / f"trial-{loaded.process.pid}"
    group.mkdir()
    for pid in loaded.pids():
        (group / "cgroup.procs").write_text(str(pid), encoding="ascii")
    n_threads = (group / "pids.current").read_text(encoding="ascii")
    (group / "pids.max").write_text(n_threads, encoding="ascii")
    crowd = _crowd(loaded)
    (group / "pids.max").write_text("max", encoding="ascii")
    row = _told(crowd, loaded)
    for pid in loaded.pids():
        (THREADS_GROUP / "cgroup.procs").write_text(str(pid), encoding="ascii")
    group.rmdir()
    return row


def _crowd(loaded: Loaded) -> list[int]:
    with ThreadPoolExecutor(100) as clients:
        return list(clients.map(lambda n: _status(loaded, n), range(100)))


def _told(crowd: list[int], loaded: Loaded) -> Row:
    after = [_status(loaded, n) for n in range(10)]
    told = ", ".join(
        f"{crowd.count(status)} × {status or 'no answer'}" for status in sorted(set(crowd))
    )
    return told, f"{after.count(200)} of 10"


def _status(loaded: Loaded, user: int) -> int:
    """Of one short run; 0 for none in time, which is what a place that was lost looks like."""
    try:
        return loaded.post("/backtests", SHORT, user + 10, ANSWERED_S)[0].status_code
    except HTTPError:
        return 0


ANSWERS: Mapping[str, Callable[[Loaded], Row]] = {
    "trades of 60 variants, REST": large_answer,
    "trades of 1 variant, REST": allowed_answer,
    "trades of 60 variants, eleven times, GraphQL": eleven_selections,
}
