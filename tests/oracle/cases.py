"""Random small cases for the engine, chosen to be hard: a seed and a number give one case."""

from dataclasses import dataclass, replace

import numpy as np

from backtest.types import DirectionMode, Execution, FloatArray, SignalArray, SizingMode
from tests.oracle.engine import Setup

LENGTHS = (1, 2, 3, 63, 64, 65, 127, 128, 129, 200)
PERCENTS = (0.0, 0.1, 0.5, 1.0, 2.0, 12.5, 50.0, 100.0, 150.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Closes and signals of a target slice, and the setup that trades them."""

    close: FloatArray
    signal: SignalArray
    setup: Setup


def random_case(seed: int, number: int) -> Case:
    random = np.random.default_rng((seed, number))
    n_bars = int(random.choice(LENGTHS)) if random.random() < 0.5 else int(random.integers(1, 201))
    return Case(
        close=random_closes(random, n_bars),
        signal=random_signal(random, n_bars),
        setup=random_setup(random),
    )


def random_closes(random: np.random.Generator, n_bars: int) -> FloatArray:
    """Walks, standstills, prices on a coarse lattice (ties with levels), jumps by factors."""
    kind = int(random.integers(5))
    if kind == 0:
        return np.full(n_bars, float(random.choice([0.1, 1.0, 64.0, 60_000.01])))
    if kind == 1:
        steps = random.integers(-2, 3, n_bars)
        return 100.0 + np.clip(np.cumsum(steps), -98, 400).astype(np.float64) * 0.5
    if kind == 2:
        return random.choice([50.0, 75.0, 100.0, 101.0, 99.0, 150.0, 200.0, 350.0], n_bars)
    scale = 0.01 if kind == 3 else 0.6
    walk = np.cumsum(random.normal(0, scale, n_bars))
    return np.round(100 * np.exp(np.clip(walk, -8, 8)), 3).astype(np.float64) + 0.001


def random_signal(random: np.random.Generator, n_bars: int) -> SignalArray:
    """Runs of a typical length, often with something happening on the last bar."""
    typical = float(random.choice([1, 2, 5, 20, 100]))
    change = random.random(n_bars) < 1 / typical
    picks = random.choice([-1, 0, 1], n_bars, p=[0.4, 0.2, 0.4]).astype(np.int8)
    starts = np.maximum.accumulate(np.where(change, np.arange(n_bars), 0))
    signal = picks[starts]
    if n_bars > 1 and random.random() < 0.3:
        signal[-1] = -signal[-2] if signal[-2] else random.choice([-1, 1])
    return signal


def random_setup(random: np.random.Generator) -> Setup:
    execution = Execution(
        init_cash_quote=float(random.choice([7.0, 1_000.0, 12_345.67, 1e6])),
        fixed_quote=float(random.choice([37.5, 100.0, 5_000.0, 1e7])),
        safe_profit_percent=float(random.choice([0.0, 12.5, 30.0, 100.0])),
        fee_pct=float(random.choice([0.0, 0.075, 0.1, 5.0, 60.0])),
        slippage_pct=float(random.choice([0.0, 0.01, 0.5, 20.0])),
    )
    setup = Setup(
        execution=execution,
        sizing=list(SizingMode)[random.integers(4)],
        direction=list(DirectionMode)[random.integers(3)],
    )
    if random.random() < 0.6:
        setup = replace(setup, sl_pct=float(random.choice(PERCENTS)))
    if random.random() < 0.6:
        setup = replace(setup, tp_pct=float(random.choice(PERCENTS)))
    return setup
