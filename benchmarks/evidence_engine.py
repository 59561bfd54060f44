"""The same question put to whole runs: what the service answers about a walk."""

import numpy as np

from backtest.answer_parts import EvidencePart, seed_of
from backtest.control import Control
from backtest.engine.pipeline.recorder import Recorded
from backtest.engine.ranked import rank_variants
from backtest.engine.workers.chunks import Workers
from backtest.evidence import Evidence
from backtest.policy import Want
from backtest.run import Backtester
from backtest.stopwatch import Stopwatch
from backtest.types import AnswerPart, FloatArray
from benchmarks.bars import WalkFeed
from benchmarks.engine_run import USER, NoStrategies, no_spec, planned, policy, settings
from benchmarks.grids import Body, average, plane, request
from benchmarks.walks import N_BARS, returns
from schema.parse import parse_request

FIRST_PRICE = 20_000.0
N_WARM_UP = 200
N_WINDOWS = 40
N_PAIRS = N_WINDOWS * N_WINDOWS
N_TAKEN_UP = 200
N_STOPS = N_TARGETS = 4
N_CELLS = N_STOPS * N_TARGETS


class OneWalk(WalkFeed):
    """A feed that has one of the walks; highs and lows are those of open and close."""

    def __init__(self, seed: int, edge: float) -> None:
        self._seed, self._edge = seed, edge

    def columns(self, n_bars: int) -> tuple[FloatArray, ...]:
        close = FIRST_PRICE * np.exp(np.cumsum(returns(self._seed, self._edge, n_bars)))
        opened = np.concatenate(([FIRST_PRICE], close[:-1]))
        high, low = np.maximum(opened, close), np.minimum(opened, close)
        return opened, high, low, close, np.ones(n_bars)


def grid(*, with_risk: bool, n_taken_up: int = N_TAKEN_UP, fee_pct: float = 0.0) -> Body:
    """1 600 pairs of averages; some of them with 16 stop-losses and take-profits each, or none.

    Without costs: with them, everything loses on noise, and no p-value would be small.
    """
    pair = average("ma.sma", 4, N_WINDOWS, 4), average("ma.ema", 5, N_WINDOWS, 5)
    body = request(
        *pair,
        n_bars=N_BARS,
        execution={"fee_pct": fee_pct, "slippage_pct": 0.0},
        top_k=1,
        preselect=n_taken_up,
        warmup_bars=N_WARM_UP,
    )
    if with_risk:
        body["template"]["risk_grid"] = plane(N_STOPS, N_TARGETS)
    return body


def evidence_of_run(seed: int, edge: float, *, with_risk: bool) -> Evidence:
    """What the use-case answers about a walk."""
    tester = Backtester(
        candles=OneWalk(seed, edge),
        strategies=NoStrategies(),
        defaults=settings().grid_defaults,
        read_spec=no_spec,
        policy=policy(1),
    )
    want = Want(reports=False, trades=False, parts=frozenset({AnswerPart.EVIDENCE}))
    asked = parse_request(grid(with_risk=with_risk))
    try:
        result = tester.run(asked, user_id=USER, control=Control(), want=want)
    finally:
        tester.close()
    weighed = result.parts[AnswerPart.EVIDENCE]
    assert isinstance(weighed, EvidencePart)
    return weighed.evidence


def trials_of_run(seed: int, body: Body, workers: Workers) -> tuple[Recorded, str]:
    """What all trials of a run over a walk without skill grew by, and what seeds its resamples."""
    plan, bars = planned(body, OneWalk(seed, 0.0))
    ranked = rank_variants(plan, bars, workers, Control(), Stopwatch(), with_ledger=True)
    assert ranked.recorded is not None
    return ranked.recorded, seed_of(plan)
