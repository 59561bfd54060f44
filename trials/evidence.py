"""`python -m trials.evidence FILE`: what the evidence says of three grids on candles of your own.

Each grid is asked twice: over all of the time, and over its first half. What was best in the first
half is then held through the second, which no choice has seen: whoever reads the verdicts can see
beside them what became of such winners. See: docs/evidence.md#is-it-right
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

import roehub
from roehub.alone import alone
from roehub.result import Result

INSTRUMENT = "binance:spot:BTCUSDT"
# Bars before the range, which indicators see; a day of the shortest candles has enough.
WARM_UP_BARS, WARM_UP = 130, pd.Timedelta(hours=36)
N_HELD = 4
GRIDS: dict[str, dict[str, Any]] = {
    "crosses of two averages": {
        "timeframe": "15m",
        "indicators": {
            "cross.ema": {"fast_window": range(3, 41), "slow_window": range(10, 121, 2)}
        },
    },
    "returns from extremes, with stops and targets": {
        "timeframe": "5m",
        "indicators": {"momentum.rsi": {"window": range(4, 41)}},
        "signals": {
            "momentum.rsi": {
                "long_threshold": range(15, 46, 5),
                "short_threshold": range(55, 86, 5),
            }
        },
        "stop_loss": np.arange(0.5, 3.1, 0.5),
        "take_profit": np.arange(0.5, 4.1, 0.5),
        "preselect": 300,
    },
    "four indicators at once": {
        "timeframe": "15m",
        "indicators": {
            "ma.ema": {"window": range(5, 101, 5)},
            "momentum.rsi": {"window": range(7, 29, 7)},
            "trend.adx": {"window": [10, 14, 20, 30]},
            "volatility.bbands_percent_b": {"window": [15, 20, 30], "mult": [1.5, 2.0, 2.5]},
        },
        "signals": {"momentum.rsi": {"long_threshold": [30, 40], "short_threshold": [60, 70]}},
    },
}


def main(
    file: Annotated[Path, typer.Argument(exists=True, help="Candles of one minute, as CSV.")],
    grid: Annotated[list[str] | None, typer.Option(help="A grid by its name; all by default.")] = (
        None
    ),
) -> None:
    """Ask about each grid, and hold what its first half chose."""
    candles = pd.read_csv(file)
    with tempfile.TemporaryDirectory() as store:
        roehub.candles.put(candles, INSTRUMENT, store=store)
        times = roehub.candles.get(INSTRUMENT, store=store).index
        start, end = times[0] + WARM_UP, times[-1].floor("D")
        middle = (start + (end - start) / 2).floor("h")
        print(f"{len(times):,} minutes; asked from {start} to {end}, the halves meet at {middle}")
        for name in grid or GRIDS:
            _ask(name, (start, middle, end), store)


def _ask(name: str, times: tuple[Any, Any, Any], store: str) -> None:
    start, middle, end = times
    whole = _run(name, start, end, store)
    n_tried = _evidence(whole)["trials"]["tried"]
    print(f"\n== {name}: {n_tried:,} variants tried, the best made {_return(whole):.2f} %")
    print(f"   {_verdict(whole)}")
    for reason in _evidence(whole)["conclusion"]["reasons"]:
        print(f"   - {reason['text']}")
    first = _run(name, start, middle, store)
    print(f"   the first half alone says {_verdict(first)}; its best")
    for place in range(len(first)):
        body = alone(first.request, first.answer, place)
        held = roehub.run(body, start=middle, end=end, store=store)
        print(f"   made {_return(first, place):.2f} % there, and then {_return(held):.2f} %")


def _run(name: str, start: Any, end: Any, store: str) -> Result:
    return roehub.run(
        instrument=INSTRUMENT, start=start, end=end, direction="long-short", top_k=N_HELD,
        warmup_bars=WARM_UP_BARS, include=["evidence"], store=store, **GRIDS[name],
    )  # fmt: skip


def _evidence(asked: Result) -> Mapping[str, Any]:
    assert asked.evidence is not None
    return asked.evidence


def _verdict(asked: Result) -> str:
    return _evidence(asked)["conclusion"]["verdict"]


def _return(asked: Result, place: int = 0) -> float:
    return asked.answer["variants"][place]["total_return_pct"]


if __name__ == "__main__":
    typer.run(main)
