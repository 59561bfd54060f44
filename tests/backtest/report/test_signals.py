"""The signal of a variant: against the rules read bar by bar, and against its own trades."""

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest

from backtest.control import Control
from backtest.engine.limits.estimate import NUMBER, SHOWN_SIGNAL_SERIES
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.series import Series
from backtest.policy import Want
from backtest.report.signals import stretches_of
from backtest.request import RiskGrid, RunRequest
from backtest.result import RankedVariant, SignalStretches
from backtest.types import Bars, DirectionMode, WordArray
from tests.backtest.test_part_estimates import asked
from tests.backtest.test_run_oracle import N_MINUTES, bars_for
from tests.backtesters import USER, answer, backtester_over, feed
from tests.oracle.requests import random_request
from tests.oracle.signals import signal_of
from tests.property.scene import CANDLES, request, template

Stretch = tuple[int, int, int, int, int]
MANY = 5_000


def told(found: SignalStretches) -> list[Stretch]:
    columns = (found.from_ts, found.to_ts, found.n_bars, found.n_long, found.n_short)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def slow_stretches(sides: Sequence[int], closes: Sequence[int], max_points: int) -> list[Stretch]:
    """The same, one bar at a time: first by signal, and by length where those are too many."""
    groups: list[list[int]] = []
    for i, side in enumerate(sides):
        if i > 0 and sides[i - 1] == side:
            groups[-1].append(i)
        else:
            groups.append([i])
    if len(groups) > max_points:
        length = 1
        while length * max_points < len(sides):
            length += 1
        groups = [list(range(len(sides)))[i : i + length] for i in range(0, len(sides), length)]
    return [
        (
            closes[group[0]],
            closes[group[-1]],
            len(group),
            sum(sides[i] == 1 for i in group),
            sum(sides[i] == -1 for i in group),
        )
        for group in groups
    ]


def packed(sides: Sequence[int]) -> WordArray:
    row = np.zeros((2, -(-len(sides) // 64)), np.uint64)
    for i, side in enumerate(sides):
        if side:
            row[0 if side == 1 else 1, i // 64] |= np.uint64(1) << np.uint64(i % 64)
    return row


@pytest.mark.parametrize("n_bars", [1, 2, 63, 64, 65, 200])
@pytest.mark.parametrize("max_points", [2, 7, 1_000])
@pytest.mark.parametrize("steadiness", [0.0, 0.9], ids=["restless", "steady"])
def test_stretches_are_those_of_a_walk_over_the_bars(
    n_bars: int, max_points: int, steadiness: float
) -> None:
    random = np.random.default_rng((n_bars, max_points))
    sides = [int(random.integers(-1, 2))]
    while len(sides) < n_bars:
        stays = random.random() < steadiness
        sides.append(sides[-1] if stays else int(random.integers(-1, 2)))
    closes = [60_000 * (i + 1) for i in range(n_bars)]

    found = stretches_of(packed(sides), np.array(closes), max_points)

    assert told(found) == slow_stretches(sides, closes, max_points)
    assert len(found.n_bars) <= max_points


def slow_signals(variant: RankedVariant, bars: Bars) -> dict[str, list[int]]:
    """What each indicator of a variant says, by the rules as they are written."""
    series = Series.of(bars)
    found: dict[str, list[int]] = {}
    for selection in variant.selections:
        source = {} if selection.source is None else {"source": selection.source}
        whole = signal_of(
            INDICATORS[selection.indicator_id],
            series,
            {**selection.params, **source},
            variant.signals.get(selection.indicator_id, {}),
        )
        found[selection.indicator_id] = whole[bars.target_start : bars.target_stop].tolist()
    return found


def together(signals: dict[str, list[int]]) -> list[int]:
    bars = zip(*signals.values(), strict=True)
    return [sides[0] if len(set(sides)) == 1 else 0 for sides in bars]


@pytest.mark.parametrize("number", range(8))
def test_a_signal_is_what_the_rules_say_bar_by_bar(number: int) -> None:
    random = np.random.default_rng((21, number))
    candles = feed(N_MINUTES, seed=number, tick=0.25)
    asked = random_request(random, N_MINUTES)
    bars = bars_for(asked, candles)
    closes = bars.ts_close[bars.target_start : bars.target_stop].tolist()

    for variant in answer(candles, asked).variants[:2]:
        for max_points in (MANY, 10):
            own = variant.replay.indicator_signals(max_points)
            slow = slow_signals(variant, bars)
            assert list(own) == [selection.indicator_id for selection in variant.selections]
            for name, found in own.items():
                assert told(found) == slow_stretches(slow[name], closes, max_points)
            signal = variant.replay.signal(max_points)
            assert told(signal) == slow_stretches(together(slow), closes, max_points)


def one_sided(direction: DirectionMode) -> RunRequest:
    return request(template(direction_mode=direction, risk_grid=RiskGrid()), top_k=3)


@pytest.mark.parametrize("direction", list(DirectionMode))
def test_without_stops_every_signal_that_may_be_entered_is_a_trade(
    direction: DirectionMode,
) -> None:
    allowed = {DirectionMode.LONG_ONLY: {"long"}, DirectionMode.SHORT_ONLY: {"short"}}
    for variant in answer(CANDLES, one_sided(direction)).variants:
        stretches = told(variant.replay.signal(MANY))
        ends = [begin for begin, *_ in stretches[1:]] + [stretches[-1][1]]
        runs = [
            ("long" if n_long else "short", begin, end)
            for (begin, _, _, n_long, n_short), end in zip(stretches, ends, strict=True)
            if n_long or n_short
        ]
        report = variant.report
        assert report is not None
        assert report.trades is not None
        trades = [(trade.direction, trade.entry_ts, trade.exit_ts) for trade in report.trades]

        assert trades == [run for run in runs if run[0] in allowed.get(direction, {run[0]})]
        # both sides are told, whichever may be entered
        assert {side for side, *_ in runs} == {"long", "short"}


def test_telling_a_signal_takes_what_is_claimed_for_it() -> None:
    (variant, *_) = answer(feed(4_000), asked(22)).variants
    variant.replay.signal(MANY)
    tracemalloc.start()
    variant.replay.signal(MANY)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert taken == pytest.approx(NUMBER * SHOWN_SIGNAL_SERIES * 4_000, rel=0.35)


def test_signals_are_claimed_but_no_answer_is_refused_for_what_they_may_come_to() -> None:
    signal_bytes = 20_000_000

    def claimed(want: Want) -> int:
        claims: list[int] = []
        control = Control()
        control.on_claim(claims.append)
        with backtester_over(CANDLES, answer_max_bytes=40_000_000) as backtester:
            backtester.run(
                one_sided(DirectionMode.LONG_SHORT), user_id=USER, control=control, want=want
            )
        return max(claims)

    # three variants could have more than the longest answer has
    assert claimed(Want(signal_bytes=signal_bytes)) - claimed(Want()) > 1.9 * signal_bytes
