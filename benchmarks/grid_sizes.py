"""Grids beyond the guard that is configured by default: `--variants N --bars N` measures one."""

import argparse

from benchmarks.alone import MIB
from benchmarks.cost import Cost, measure
from benchmarks.grids import Body, average, request
from benchmarks.machine import describe
from benchmarks.tables import Benchmark, Finding
from benchmarks.timing import thousands

WEEK_15M = 672
QUARTER_15M = 8_760
VARIANTS = {
    WEEK_15M: (1_000_000, 10_000_000, 100_000_000),
    QUARTER_15M: (1_000_000, 10_000_000),
}
KINDS = ("ma.sma", "ma.ema", "ma.wma")
FIRST_WINDOW = 5
WARMUP_BARS = 1_000


def three_averages(n_variants: int, n_bars: int) -> Body:
    """About `n_variants` of three averages, exactly so for powers of ten.

    Without costs: with them, nearly all variants of a long range lose everything, and what is
    left to measure is the breaking of ties.
    """
    side = 10 ** (len(str(n_variants)) // 3)
    sizes = (side, side, n_variants // (side * side))
    free = {"fee_pct": 0.0, "slippage_pct": 0.0}
    averages = (average(kind, FIRST_WINDOW, size) for kind, size in zip(KINDS, sizes, strict=True))
    return request(*averages, n_bars=n_bars, execution=free, warmup_bars=WARMUP_BARS)


def measure_sizes() -> list[Finding]:
    shapes = [(n_variants, n_bars) for n_bars, sizes in VARIANTS.items() for n_variants in sizes]
    return [
        Finding(
            key="grid-sizes",
            question="What does a grid of ten million variants take, and of a hundred?",
            header=HEADER,
            rows=[_row(_cost(*shape), shape[1]) for shape in shapes],
            notes=[
                (
                    "Three averages, 15-minute bars of a week and of a quarter, 300 reports, 2 "
                    "threads; the guard is raised. Memory is the peak above what the process held "
                    "before, and the engine's estimate of it."
                ),
                "One run in a new process with compiled kernels.",
            ],
        )
    ]


HEADER = ("variants", "bars", "Stage A", "variants/s", "whole run", "memory", "estimate")


def _cost(n_variants: int, n_bars: int, threads: int = 2) -> Cost:
    return measure(three_averages(n_variants, n_bars), threads=threads, repeats=1)


def _row(cost: Cost, n_bars: int) -> list[str]:
    return [
        thousands(cost.stage_a_variants),
        thousands(n_bars),
        f"{cost.seconds['stage_a']:.1f} s",
        thousands(cost.stage_a_variants / cost.seconds["stage_a"]),
        f"{cost.total_s:.1f} s",
        f"{cost.grown_bytes / MIB:.0f} MiB",
        f"{cost.estimated_bytes / MIB:.0f} MiB",
    ]


GRID_SIZES = Benchmark(name="grid_sizes", title="Grid sizes", measure=measure_sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=100_000_000)
    parser.add_argument("--bars", type=int, default=WEEK_15M)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    print(describe())
    cost = _cost(asked.variants, asked.bars, asked.threads)
    for name, value in zip(HEADER, _row(cost, asked.bars), strict=True):
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
