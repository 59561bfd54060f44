"""How time per variant grows with bars, trades, indicators and threads."""

from collections.abc import Sequence

from benchmarks.alone import alone
from benchmarks.bars import YEAR_15M
from benchmarks.cost import Cost, measure
from benchmarks.grids import CLOSE, Body, average, request, values
from benchmarks.tables import RESULTS, Benchmark, Finding
from benchmarks.timing import thousands

BARS = (2_000, 10_000, 35_040, 100_000, 300_000, 1_000_000)
FIRST_WINDOWS = (2, 10, 40, 160, 640, 1600)
KINDS = ("ma.sma", "ma.ema", "ma.wma", "ma.tema")
INDICATORS = (1, 2, 3, 4)
THREADS = (1, 2)
PICTURE = "growth.png"

Point = tuple[float, Cost]


def by_bars() -> list[Point]:
    """2 500 pairs over histories of growing length, up to two years of minutes."""
    pair = average("ma.sma", 40, 50), average("ma.ema", 40, 50)
    return [(n, _cost(*pair, n_bars=n)) for n in BARS]


def by_trades() -> list[Point]:
    """10 000 pairs over one length; longer windows trade less."""
    pairs = [(average("ma.sma", w, 100), average("ma.ema", w, 100)) for w in FIRST_WINDOWS]
    costs = [_cost(*pair, n_bars=YEAR_15M, count_trades=True) for pair in pairs]
    return [(cost.trades, cost) for cost in costs]


def by_indicators() -> list[Point]:
    """10 000 variants of one to four indicators."""
    sizes = {1: (10_000,), 2: (100, 100), 3: (20, 20, 25), 4: (10, 10, 10, 10)}
    return [
        (n, _cost(*_averages(sizes[n]), n_bars=YEAR_15M, count_trades=True)) for n in INDICATORS
    ]


def by_threads() -> list[Point]:
    """40 000 pairs."""
    pair = average("ma.sma", 40, 200), average("ma.ema", 40, 200)
    return [(n, _cost(*pair, n_bars=YEAR_15M, threads=n)) for n in THREADS]


def _averages(sizes: Sequence[int]) -> list[Body]:
    if len(sizes) > 1:
        return [average(kind, 40, size) for kind, size in zip(KINDS, sizes, strict=False)]
    (size,) = sizes
    sources = values("close", "hlc3", "ohlc4", "low", "high")
    wide = average("ma.sma", 2, min(1999, size // 5))
    return [{**wide, "source": sources if size > 1999 else CLOSE}]


def _cost(*indicators: Body, n_bars: int, threads: int = 1, count_trades: bool = False) -> Cost:
    # with costs, many trades lose everything, and what is left to measure is the breaking of ties
    free = {"fee_pct": 0.0, "slippage_pct": 0.0}
    body = request(*indicators, n_bars=n_bars, top_k=1, top_trades_n=1, preselect=1, execution=free)
    return measure(body, threads=threads, repeats=3, count_trades=count_trades)


def measure_growth() -> list[Finding]:
    bars, trades, indicators, threads = by_bars(), by_trades(), by_indicators(), by_threads()
    alone(draw, [(n, _us(cost)) for n, cost in bars], [(n, _us(cost)) for n, cost in trades])
    rows = [
        *_rows("bars", bars),
        *_rows("trades", trades),
        *_rows("indicators", indicators),
        *_rows("threads", threads),
    ]
    return [
        Finding(
            key="growth",
            question="How does the time per variant grow?",
            header=["what grows", "to", "variants", "trades", "µs per variant", "ns per bar"],
            rows=rows,
            notes=[
                (
                    f"Signals and Stage A divided by variants; {thousands(YEAR_15M)} bars, two "
                    "moving averages and one thread where nothing else is said; medians of 3."
                ),
                (
                    "One indicator has no pairs to reuse its rows for: its cost is that of making "
                    "each row."
                ),
            ],
            picture=PICTURE,
        )
    ]


def _rows(what: str, points: Sequence[Point]) -> list[list[str]]:
    return [_row(what, number, cost, bars) for number, cost, bars in _with_bars(what, points)]


def _with_bars(what: str, points: Sequence[Point]) -> list[tuple[float, Cost, float]]:
    return [(n, cost, n if what == "bars" else YEAR_15M) for n, cost in points]


def _row(what: str, number: float, cost: Cost, n_bars: float) -> list[str]:
    trades = "" if cost.trades != cost.trades else thousands(cost.trades)
    return [
        what,
        thousands(number),
        thousands(cost.stage_a_variants),
        trades,
        f"{_us(cost):.1f}",
        f"{1000 * _us(cost) / n_bars:.2f}",
    ]


def _us(cost: Cost) -> float:
    return 1e6 * cost.scoring_s / cost.stage_a_variants


def draw(bars: list[tuple[float, float]], trades: list[tuple[float, float]]) -> None:
    """Time per variant against bars and trades, as a picture beside the tables."""
    import matplotlib as mpl  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.loglog(*zip(*bars, strict=True), marker="o")
    left.set(xlabel="bars", ylabel="µs per variant", title="Stage A by bars")
    right.plot(*zip(*sorted(trades), strict=True), marker="o")
    right.set(xlabel="trades per variant", title=f"Stage A by trades, {YEAR_15M} bars")
    right.set_ylim(bottom=0)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / PICTURE, dpi=110, metadata={"Software": None})


GROWTH = Benchmark(name="growth", title="Growth", measure=measure_growth)
