"""One grid in a process of its own, so that its memory is its own: `python -m benchmarks.child`.

Reads a job as JSON on standard input and writes what it cost as JSON to standard output.
"""

import ctypes
import gc
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.grids import Body, average, request

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one grid cost: median seconds by stage, and the memory of the first run.

    `grown_bytes` is the peak above what the process held before, imports, compiled kernels and
    the feed's own candles among it; `peak_bytes` is the whole process.
    """

    seconds: dict[str, float]
    total_s: float
    grown_bytes: int
    peak_bytes: int
    estimated_bytes: int
    stage_a_variants: int
    stage_b_variants: int
    n_returned: int
    trades: float

    @property
    def scoring_s(self) -> float:
        """Everything before Stage B's ranking: bit rows and Stage A."""
        return self.seconds["signals"] + self.seconds["stage_a"]


def measure(body: Body, *, threads: int, repeats: int = 3, count_trades: bool = False) -> Cost:
    """Run a request in a new process and tell what it cost."""
    job = {"body": body, "threads": threads, "repeats": repeats, "count_trades": count_trades}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.child"],
        input=json.dumps(job),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return Cost(**json.loads(done.stdout))


def run(body: Body, *, threads: int, repeats: int, count_trades: bool) -> Cost:
    """Run a request here; the process should be new."""
    from backtest.control import Control  # noqa: PLC0415 - not in the parent's process
    from backtest.jit import warm  # noqa: PLC0415
    from benchmarks.engine_run import USER, backtester, mean_trades  # noqa: PLC0415
    from schema.parse import parse_request  # noqa: PLC0415

    warm()
    trades = mean_trades(body) if count_trades else float("nan")
    asked = parse_request(body)
    with backtester(threads) as tester:
        tester.run(parse_request(_small(body)), user_id=USER, control=Control())
        before = settle()
        walls: list[float] = []
        stages: list[dict[str, float]] = []
        peak = 0
        for _ in range(repeats):
            started = time.perf_counter()
            result = tester.run(asked, user_id=USER, control=Control())
            walls.append(time.perf_counter() - started)
            stages.append(dict(result.stage_seconds))
            peak = peak or memory("VmHWM")
        estimated = tester.estimate(asked, user_id=USER).estimated_bytes
        return Cost(
            seconds={name: statistics.median(s[name] for s in stages) for name in stages[0]},
            total_s=statistics.median(walls),
            grown_bytes=peak - before,
            peak_bytes=peak,
            estimated_bytes=estimated,
            stage_a_variants=result.stage_a_variants,
            stage_b_variants=result.stage_b_variants,
            n_returned=len(result.variants),
            trades=trades,
        )


def _small(body: Body) -> Body:
    """A grid of one variant over the same bars: the feed then holds its candles."""
    one = request(average("ma.sma", 20, 1), n_bars=1000)
    template = {**one["template"], "timeframe": body["template"]["timeframe"]}
    return {"time_range": body["time_range"], "template": template}


def settle() -> int:
    """Give free memory back, start a new high-water mark, and tell what is held, in bytes."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return memory("VmRSS")


def memory(field: str) -> int:
    """A field of this process's memory in bytes: `VmRSS` now, `VmHWM` at its peak."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name == field:
            return int(rest.split()[0]) * 1024
    raise KeyError(field)


if __name__ == "__main__":
    print(json.dumps(asdict(run(**json.load(sys.stdin)))))
