"""How near the estimate, which guards runs, comes to the memory that they take."""

from backtest.control import Control
from backtest.jit import warm
from benchmarks.alone import MIB, alone, peak_bytes, settle
from benchmarks.bars import YEAR_1M, YEAR_15M
from benchmarks.cost import one_variant
from benchmarks.engine_run import USER, backtester, policy, settings
from benchmarks.grid_sizes import WEEK_15M, three_averages
from benchmarks.grids import CLOSE, Body, average, plane, request, steps, values
from benchmarks.tables import Benchmark, Finding
from bff.http.answer_body import write_answer
from resolvers.service import BacktestService
from schema.parse import parse_request
from schema.response import json_pieces

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
    never = {"momentum.rsi": {"long_threshold": values(0), "short_threshold": values(100)}}
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
        "three indicators, 10 000 000": three_averages(10**7, WEEK_15M),
        "by profit factor, 1 000 000": request(
            *(average(name, 5, 100) for name in ("ma.sma", "ma.ema", "ma.wma")),
            n_bars=WEEK_15M, ranking={"primary_metric": "profit_factor"},
        ),
        "three indicators, 125 000": request(
            *(average(name, 40, 50) for name in ("ma.sma", "ma.ema", "ma.wma")), n_bars=YEAR_15M
        ),
        "no trade at all, 118 000 ties": request(
            rsi, average("ma.sma", 40, 1000), n_bars=WEEK_15M, signal_grids=never
        ),
        "5 000 reports": request(*pair, n_bars=YEAR_15M, top_k=5000),
        "300 reports, trades of 50": request(*pair, n_bars=YEAR_15M, top_trades_n=50),
        "short windows, trades of 10": request(
            average("ma.sma", 3, 300), n_bars=YEAR_15M, execution=free, top_trades_n=10
        ),
        "a year of minutes, short windows": request(
            average("ma.sma", 3, 100), n_bars=YEAR_1M, timeframe="1m", execution=free, top_k=100,
            top_trades_n=1,
        ),
        "a year of minutes, trades of 3": request(
            average("ma.sma", 10, 100), n_bars=YEAR_1M, timeframe="1m", execution=free, top_k=100,
            top_trades_n=3, sizing_mode="fixed_quote",
        ),
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


def answered(body: Body) -> tuple[int, int, int]:
    """The largest claim, the growth and the text of a run whose answer is written as REST does."""
    warm()
    with backtester(2) as tester:
        service = BacktestService(
            backtester=tester, defaults=settings().grid_defaults, policy=policy(2)
        )

        def answer(asked: Body) -> tuple[int, int]:
            claims: list[int] = []
            control = Control()
            control.on_claim(claims.append)
            response = service.run(parse_request(asked), user_id=USER, control=control)
            text = write_answer(json_pieces(response), control, policy(2).answer_max_bytes)
            return max(claims), len(text)

        answer(one_variant(body))
        before = settle()
        claimed, n_bytes = answer(body)
        return claimed, peak_bytes() - before, n_bytes


def row_of(name: str, claimed: int, grown: int, n_bytes: int) -> list[str]:
    return [
        name,
        f"{claimed / MIB:.0f} MiB",
        f"{grown / MIB:.0f} MiB",
        f"{claimed / grown:.2f}",
        f"{n_bytes / MIB:.1f} MiB",
        "yes" if grown > LARGE else "",
    ]


def measure_memory() -> list[Finding]:
    rows: list[list[str]] = []
    for name, body in shapes().items():
        rows.append(row_of(name, *alone(answered, body)))
        print("  ".join(rows[-1]), flush=True)
    return [
        Finding(
            key="memory",
            question="How near does the estimate come to what a run takes?",
            header=["run", "claimed", "measured", "ratio", "answer", "above 200 MiB"],
            rows=rows,
            notes=[
                (
                    "Measured: the peak resident set above what the process held before, with "
                    "imports, kernels and the feed's own candles in place, the answer written; 2 "
                    "threads. Claimed: the largest of the claims, before and after ranking."
                )
            ],
        )
    ]


MEMORY = Benchmark(name="memory", title="Memory", measure=measure_memory)
