"""How near the estimate, which guards runs, comes to the memory that they take."""

from benchmarks.alone import MIB
from benchmarks.bars import YEAR_1M, YEAR_15M
from benchmarks.cost import Cost, measure
from benchmarks.grids import CLOSE, Body, average, plane, request, steps, values
from benchmarks.tables import Benchmark, Finding

LARGE = 200 * MIB


def shapes() -> dict[str, Body]:
    """Runs that are large in different ways."""
    bands = {
        "indicator_id": "volatility.bbands_percent_b",
        "source": CLOSE,
        "params": {"window": steps(5, 120), "mult": steps(0.5, 4.0, 0.1)},
    }
    thresholds = {
        "momentum.rsi": {"long_threshold": steps(10, 50), "short_threshold": steps(50, 90)}
    }
    rsi = {"indicator_id": "momentum.rsi", "source": CLOSE, "params": {"window": steps(3, 120)}}
    drawdown = {"primary_metric": "max_drawdown_pct"}
    pair = average("ma.sma", 40, 200), average("ma.ema", 40, 200)
    # with costs, tens of thousands of trades lose everything, and all variants are equal
    free = {"fee_pct": 0.0, "slippage_pct": 0.0}
    return {
        "one indicator, 4 176 settings": request(bands, n_bars=YEAR_15M),
        "one rule, 198 358 thresholds": request(rsi, n_bars=YEAR_15M, signal_grids=thresholds),
        "two indicators, 600 000 pairs": request(
            average("ma.sma", 40, 1000), average("ma.ema", 40, 600), n_bars=YEAR_15M
        ),
        "three indicators, 125 000": request(
            *(average(name, 40, 50) for name in ("ma.sma", "ma.ema", "ma.wma")), n_bars=YEAR_15M
        ),
        "5 000 reports": request(*pair, n_bars=YEAR_15M, top_k=5000),
        "300 reports with all trades": request(*pair, n_bars=YEAR_15M, top_trades_n=300),
        "risk plane 100 × 100": request(
            *pair, n_bars=YEAR_15M, preselect=60, risk_grid=plane(100, 100, 0.1)
        ),
        "risk plane 20 × 20, 600 000 cells": request(
            *pair, n_bars=YEAR_15M, preselect=1500, risk_grid=plane(20, 20)
        ),
        "a year of minutes": request(
            average("ma.sma", 40, 100), average("ma.ema", 40, 100),
            n_bars=YEAR_1M, timeframe="1m", execution=free,
        ),
        "a year of minutes, plane 20 × 20": request(
            average("ma.sma", 40, 30), average("ma.ema", 40, 30),
            n_bars=YEAR_1M, timeframe="1m", execution=free, risk_grid=plane(20, 20),
        ),
        "ranked by drawdown": request(*pair, n_bars=YEAR_15M, ranking=drawdown),
        "sources and windows": request(
            {**average("ma.tema", 5, 196), "source": values("close", "hlc3", "ohlc4", "low")},
            average("ma.hma", 5, 196),
            n_bars=YEAR_15M,
        ),
    }  # fmt: skip


def row_of(name: str, cost: Cost) -> list[str]:
    ratio = cost.estimated_bytes / cost.grown_bytes
    return [
        name,
        f"{cost.estimated_bytes / MIB:.0f} MiB",
        f"{cost.grown_bytes / MIB:.0f} MiB",
        f"{ratio:.2f}",
        "yes" if cost.grown_bytes > LARGE else "",
    ]


def measure_memory() -> list[Finding]:
    rows: list[list[str]] = []
    for name, body in shapes().items():
        rows.append(row_of(name, measure(body, threads=2, repeats=1)))
        print("  ".join(rows[-1]), flush=True)
    return [
        Finding(
            key="memory",
            question="How near does the estimate come to what a run takes?",
            header=["run", "estimated", "measured", "ratio", "above 200 MiB"],
            rows=rows,
            notes=[
                (
                    "Measured: the peak resident set above what the process held before, with "
                    "imports, kernels and the feed's own candles in place; 2 threads."
                )
            ],
        )
    ]


MEMORY = Benchmark(name="memory", title="Memory", measure=measure_memory)
