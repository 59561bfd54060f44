"""The same signals scored by vectorbt and backtesting.py, parity before speed."""

# vectorbt makes its types at run time.
# pyright: reportAttributeAccessIssue=false, reportFunctionMemberAccess=false

import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backtest.control import Control
from backtest.jit import warm
from backtest.types import FloatArray
from benchmarks.alone import MIB, alone, peak_bytes
from benchmarks.bars import YEAR_15M, walk
from benchmarks.cost import Cost, measure
from benchmarks.engine_run import USER, backtester
from benchmarks.grids import Body, average, request
from benchmarks.tables import Benchmark, Finding
from benchmarks.timing import thousands
from schema.parse import parse_request

BoolArray = NDArray[np.bool_]

WARMUP = 300
N_LOADED = YEAR_15M + WARMUP
FIRST_WINDOW, WINDOW_STEP, N_WINDOWS = 40, 10, 20
WINDOWS = tuple(range(FIRST_WINDOW, FIRST_WINDOW + WINDOW_STEP * N_WINDOWS, WINDOW_STEP))
N_VARIANTS = N_WINDOWS * N_WINDOWS
QUOTE, CASH, FEE, SLIP = 100.0, 10_000.0, 0.00075, 0.0001
COSTS = {"fee_pct": FEE * 100, "slippage_pct": SLIP * 100}
FREE = {"fee_pct": 0.0, "slippage_pct": 0.0}
N_BACKTESTING = 3
# a bar trades if it closes inside the range: the first one closes where the range starts
TARGET = slice(WARMUP - 1, WARMUP - 1 + YEAR_15M)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Returns in percent and trades of some variants, and what they took."""

    returns: FloatArray
    trades: FloatArray
    seconds: float
    peak_bytes: int


def grid(n_windows: int, step: int, **settings: Any) -> Body:
    """Pairs of averages; the first `WARMUP` bars belong to the indicators."""
    pair = [average(name, FIRST_WINDOW, n_windows, step) for name in ("ma.sma", "ma.ema")]
    return request(*pair, n_bars=YEAR_15M, warmup_bars=WARMUP, **settings)


def own_scores(**settings: Any) -> Scores:
    """This engine over the common variants, in the order of vectorbt's columns."""
    warm()
    body = grid(N_WINDOWS, WINDOW_STEP, top_k=N_VARIANTS, **settings)
    with backtester(1) as tester:
        result = tester.run(parse_request(body), user_id=USER, control=Control())
    returns, trades = np.empty(N_VARIANTS), np.empty(N_VARIANTS)
    for variant in result.variants:
        windows = {choice.indicator_id: choice.params["window"] for choice in variant.selections}
        slow, fast = (WINDOWS.index(int(windows[name])) for name in ("ma.sma", "ma.ema"))
        place = slow * N_WINDOWS + fast
        assert variant.report is not None
        returns[place] = variant.total_return_pct
        trades[place] = variant.report.metrics["Num. Trades"]
    seconds = result.stage_seconds["signals"] + result.stage_seconds["stage_a"]
    return Scores(returns=returns, trades=trades, seconds=seconds, peak_bytes=peak_bytes())


def averages_agree() -> tuple[BoolArray, BoolArray]:
    """Bars where price is above, and below, both averages: shape (n_bars, n_variants).

    Compared as float32, as the engine does.
    """
    import vectorbt  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

    close = walk(N_LOADED)[3]
    sides: list[tuple[BoolArray, BoolArray]] = []
    for ewm in (False, True):
        values = vectorbt.MA.run(close, list(WINDOWS), ewm=ewm).ma.to_numpy()
        narrow, price = values.astype(np.float32), close.astype(np.float32)[:, None]
        sides.append(((price > narrow)[TARGET], (price < narrow)[TARGET]))
    (above_sma, below_sma), (above_ema, below_ema) = sides
    shape = (YEAR_15M, N_VARIANTS)
    longs = (above_sma[:, :, None] & above_ema[:, None, :]).reshape(shape)
    shorts = (below_sma[:, :, None] & below_ema[:, None, :]).reshape(shape)
    return longs, shorts


def turns(side: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Where a side begins and where it ends."""
    before = np.zeros_like(side)
    before[1:] = side[:-1]
    return side & ~before, before & ~side


def vectorbt_scores(*, fixed_quote: bool) -> Scores:
    """vectorbt over the common variants: from closes to returns."""
    vectorbt_run(fixed_quote=fixed_quote)
    return vectorbt_run(fixed_quote=fixed_quote)


def vectorbt_run(*, fixed_quote: bool) -> Scores:
    """Fixed quote trades both sides with costs; all in trades the long side without any."""
    import vectorbt  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

    started = time.perf_counter()
    longs, shorts = averages_agree()
    close = walk(N_LOADED)[3][TARGET, None]
    entries, exits = turns(longs)
    exits[-1] = True
    if fixed_quote:
        short_entries, short_exits = turns(shorts)
        short_exits[-1] = True
        # the fill decides the quantity: a long buys above the close, a short sells below it
        quantity = np.where(entries, QUOTE / (close * (1 + SLIP)), QUOTE / (close * (1 - SLIP)))
        portfolio = vectorbt.Portfolio.from_signals(
            close, entries, exits & ~short_entries, short_entries, short_exits & ~entries,
            size=quantity, size_type="amount", fees=FEE, slippage=SLIP, init_cash=CASH,
            upon_opposite_entry="reverse",
        )  # fmt: skip
    else:
        portfolio = vectorbt.Portfolio.from_signals(
            close, entries, exits, size=np.inf, init_cash=CASH, direction="longonly"
        )
    returns = portfolio.total_return().to_numpy() * 100
    seconds = time.perf_counter() - started
    return Scores(
        returns=returns,
        trades=portfolio.trades.count().to_numpy().astype(np.float64),
        seconds=seconds,
        peak_bytes=peak_bytes(),
    )


def backtesting_scores() -> Scores:
    """backtesting.py over a few of the common variants, long side, all in, no costs."""
    os.environ["TQDM_DISABLE"] = "1"
    import pandas as pd  # noqa: PLC0415 # pyright: ignore[reportMissingImports]
    from backtesting import (  # noqa: PLC0415 # pyright: ignore[reportMissingImports]
        Backtest,
        Strategy,
    )

    class Follow(Strategy):
        place = 0

        def init(self) -> None:
            self.signal = self.I(lambda: chosen[self.place], plot=False)

        def next(self) -> None:
            if self.signal[-1] and not self.position:
                self.buy(size=0.9999)
            elif not self.signal[-1] and self.position:
                self.position.close()

    longs, _ = averages_agree()
    # quantities are whole there: with prices this small, rounding no longer matters
    opened, high, low, close, volume = (column[TARGET] * 1e-6 for column in walk(N_LOADED))
    columns = {"Open": opened, "High": high, "Low": low, "Close": close, "Volume": volume}
    times = pd.date_range("2023-01-01", periods=YEAR_15M, freq="15min")
    frame = pd.DataFrame(columns, index=times)
    chosen = [longs[:, place].astype(np.float64) for place in range(N_BACKTESTING)]
    test = Backtest(frame, Follow, cash=CASH, trade_on_close=True, finalize_trades=True)
    started = time.perf_counter()
    stats = [test.run(place=place) for place in range(N_BACKTESTING)]
    seconds = time.perf_counter() - started
    return Scores(
        returns=np.array([each["Return [%]"] for each in stats]),
        trades=np.array([each["# Trades"] for each in stats], np.float64),
        seconds=seconds,
        peak_bytes=peak_bytes(),
    )


def peers() -> Finding:
    """Parity first: a peer that scores something else is not compared."""
    fixed = {
        "sizing_mode": "fixed_quote",
        "execution": {**COSTS, "fixed_quote": QUOTE, "init_cash_quote": CASH},
    }
    plain = {"direction_mode": "long-only", "execution": FREE}
    rows = [
        *_versus_vectorbt("fixed quote, both sides, costs", fixed, fixed_quote=True),
        *_versus_vectorbt("all in, long side, no costs", plain, fixed_quote=False),
        _versus_backtesting(plain),
    ]
    return Finding(
        key="peers",
        question="How many variants a second, beside other engines on the same signals?",
        header=["engine and rules", "variants", "per second", "ratio", "peak memory", "parity"],
        rows=rows,
        notes=NOTES,
    )


NOTES = (
    (
        f"{thousands(YEAR_15M)} bars, two moving averages of {N_WINDOWS} windows for the peers "
        "and 200 each for this engine; from closes to returns, for vectorbt the second run."
    ),
    "The ratio is this engine's speed over the peer's. The peers use one thread.",
    (
        "Parity: the largest difference of the return, in percentage points, over the common "
        f"{N_VARIANTS} variants ({N_BACKTESTING} for backtesting.py); numbers of trades are equal."
    ),
    (
        "With fees, all in cannot coincide: vectorbt shrinks the position until the fee is paid "
        "from the same cash, here the fee is taken beside the position. A reversal in "
        "backtesting.py needs two orders on one close. So these two are compared without costs "
        "on the long side, where rules are equal."
    ),
    "backtesting.py counts whole units and keeps a little cash, which explains its difference.",
)


def _versus_vectorbt(name: str, settings: dict[str, Any], *, fixed_quote: bool) -> list[list[str]]:
    mine = alone(own_scores, **settings)
    theirs = alone(vectorbt_scores, fixed_quote=fixed_quote)
    apart = _parity(mine, theirs, at_most=1e-6)
    body = grid(200, 1, **settings)
    their_speed = N_VARIANTS / theirs.seconds
    rows = [
        _own_row(name, threads, measure(body, threads=threads), their_speed) for threads in (1, 2)
    ]
    return [*rows, _row(f"vectorbt: {name}", N_VARIANTS, their_speed, "1", theirs, apart)]


def _versus_backtesting(settings: dict[str, Any]) -> list[str]:
    mine = alone(own_scores, **settings)
    theirs = alone(backtesting_scores)
    apart = _parity(mine, theirs, at_most=0.5)
    own_speed = _speed(measure(grid(200, 1, **settings), threads=2))
    speed = N_BACKTESTING / theirs.seconds
    name = "backtesting.py: all in, long side, no costs"
    return _row(
        name, N_BACKTESTING, speed, f"{thousands(own_speed / speed)} (2 threads)", theirs, apart
    )


def _parity(mine: Scores, theirs: Scores, *, at_most: float) -> float:
    n = len(theirs.returns)
    np.testing.assert_array_equal(mine.trades[:n], theirs.trades)
    apart = float(np.abs(mine.returns[:n] - theirs.returns).max())
    assert apart <= at_most, apart
    return apart


def _speed(cost: Cost) -> float:
    return cost.stage_a_variants / cost.scoring_s


def _own_row(name: str, threads: int, cost: Cost, their_speed: float) -> list[str]:
    speed = _speed(cost)
    plural = "s" if threads > 1 else ""
    return [
        f"this, {threads} thread{plural}: {name}",
        thousands(cost.stage_a_variants),
        thousands(speed),
        thousands(speed / their_speed),
        f"{cost.peak_bytes / MIB:.0f} MiB",
        "",
    ]


def _row(
    name: str, n_variants: int, speed: float, ratio: str, scores: Scores, apart: float
) -> list[str]:
    return [
        name,
        thousands(n_variants),
        f"{speed:.1f}",
        ratio,
        f"{scores.peak_bytes / MIB:.0f} MiB",
        f"{apart:.1e}",
    ]


PEERS = Benchmark(name="peers", title="Peers", measure=lambda: [peers()])
