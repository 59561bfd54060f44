"""What one grid costs, measured in a process of its own."""

import statistics
import time
from dataclasses import dataclass

from backtest.control import Control
from backtest.jit import warm
from backtest.result import RunResult
from backtest.run import Backtester
from benchmarks.alone import alone, peak_bytes, settle
from benchmarks.engine_run import USER, backtester, mean_trades
from benchmarks.grids import Body, average
from schema.parse import parse_request


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Median seconds by stage, and the memory of the first run.

    `grown_bytes` is the peak above what the process held before, the compiled kernels and the
    feed's own candles among it; `peak_bytes` is the whole process.
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
        """From candles to Stage A's scores."""
        return self.seconds["signals"] + self.seconds["stage_a"]


def measure(body: Body, *, threads: int, repeats: int = 3, count_trades: bool = False) -> Cost:
    """Run a request in a new process with compiled kernels."""
    return alone(measure_here, body, threads, repeats, count_trades=count_trades)


def measure_here(body: Body, threads: int, repeats: int = 3, *, count_trades: bool = False) -> Cost:
    """Run a request in this process."""
    warm()
    trades = mean_trades(body) if count_trades else float("nan")
    asked = parse_request(body)
    with backtester(threads) as tester:
        run_once(tester, one_variant(body))
        before = settle()
        walls: list[float] = []
        results: list[RunResult] = []
        stages: list[dict[str, float]] = []
        peak = 0
        while len(walls) < repeats:
            results.clear()
            started = time.perf_counter()
            results.append(run_once(tester, body))
            walls.append(time.perf_counter() - started)
            stages.append(dict(results[0].stage_seconds))
            peak = peak or peak_bytes()
        (result,) = results
        return Cost(
            seconds={name: statistics.median(s[name] for s in stages) for name in stages[0]},
            total_s=statistics.median(walls),
            grown_bytes=peak - before,
            peak_bytes=peak,
            estimated_bytes=tester.estimate(asked, user_id=USER).estimated_bytes,
            stage_a_variants=result.stage_a_variants,
            stage_b_variants=result.stage_b_variants,
            n_returned=len(result.variants),
            trades=trades,
        )


def run_once(tester: Backtester, body: Body) -> RunResult:
    return tester.run(parse_request(body), user_id=USER, control=Control())


def one_variant(body: Body) -> Body:
    """The least grid over the same bars: threads and the feed's candles are then there."""
    plain = {"instrument_id", "timeframe"}
    template = {name: value for name, value in body["template"].items() if name in plain}
    template["indicator_grids"] = [average("ma.sma", 20, 1)]
    return {"time_range": body["time_range"], "template": template}
