"""What looks wrong is found where it was put, and nowhere else."""

from collections.abc import Mapping

import numpy as np
import pytest

from backtest.adapters.candles import suspicions as module
from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.coverage import coverage
from backtest.adapters.candles.findings import Finding, Kind
from backtest.adapters.candles.suspicions import suspicions
from backtest.adapters.candles.table import Minutes, insert_minutes
from backtest.types import MINUTE_MS
from tests.backtest.adapters.minutes import MIDNIGHT_MS, a_new_instrument

N = 3_000


def calm(n: int = N) -> Minutes:
    """A market in which nothing looks wrong: each open is the close before."""
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 3e-4, n)))
    opens = np.concatenate(([100.0], close[:-1]))
    columns = {
        "open": opens,
        "high": np.maximum(opens, close) * 1.0001,
        "low": np.minimum(opens, close) * 0.9999,
        "close": close,
        "volume_base": rng.uniform(1, 2, n),
    }
    return Minutes(ts_open=MIDNIGHT_MS + MINUTE_MS * np.arange(n, dtype=np.int64), columns=columns)


def found(pool: ClickHousePool, given: Minutes) -> Mapping[Kind, Finding]:
    instrument = a_new_instrument()
    insert_minutes(pool, instrument, given, source="test", ingested_at=1)
    findings = suspicions(pool, instrument, coverage(pool, instrument), lambda done, total: None)
    return {finding.kind: finding for finding in findings}


def places(finding: Finding) -> list[int]:
    return [(place.first_ms - MIDNIGHT_MS) // MINUTE_MS for place in finding.places]


# Chunks of 700 end next to, and within, what is put in below.
@pytest.fixture(params=[700, 100_000], ids=["short chunks", "one chunk"], autouse=True)
def _chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", request.param)


def test_a_calm_market_looks_right(pool: ClickHousePool) -> None:
    assert found(pool, calm()) == {}


@pytest.mark.parametrize("at", [1, 699, 700, 1_500, N - 2])
def test_a_candle_that_jumps_and_returns_is_a_spike(pool: ClickHousePool, at: int) -> None:
    given = calm()
    given.columns["high"][at] *= 1.10

    (spike,) = found(pool, given).values()

    assert (spike.kind, spike.n, places(spike)) == (Kind.SPIKES, 1, [at])
    assert spike.places[0].size == pytest.approx(0.10, abs=0.01)


def test_a_close_that_returns_is_a_spike_and_not_two_opens(pool: ClickHousePool) -> None:
    given = calm()
    given.columns["close"][1_400] *= 0.5
    given.columns["low"][1_400] = given.columns["close"][1_400]

    assert [*found(pool, given)] == [Kind.SPIKES]


def test_a_move_that_stays_is_no_spike(pool: ClickHousePool) -> None:
    given = calm()
    for name in ("open", "high", "low", "close"):
        given.columns[name][1_001:] *= 1.10
    given.columns["close"][1_000] *= 1.10
    given.columns["high"][1_000] *= 1.10

    assert found(pool, given) == {}


@pytest.mark.parametrize("at", [1, 700, 701, 1_400, N - 1])
def test_an_open_far_from_the_close_before_is_found(pool: ClickHousePool, at: int) -> None:
    given = calm()
    for name in ("open", "high", "low", "close"):
        given.columns[name][at:] *= 0.5

    (opens,) = found(pool, given).values()

    assert (opens.kind, opens.n, places(opens)) == (Kind.OPENS, 1, [at])


def test_an_open_behind_a_gap_may_be_anywhere(pool: ClickHousePool) -> None:
    given = calm()
    for name in ("open", "high", "low", "close"):
        given.columns[name][1_000:] *= 0.5
    is_there = np.ones(N, dtype=np.bool_)
    is_there[995:1_000] = False

    (gap,) = found(pool, given.take(is_there)).values()

    assert (gap.kind, gap.n, gap.n_candles, places(gap)) == (Kind.GAPS, 1, 5, [995])


@pytest.mark.parametrize(("first", "stop"), [(0, 60), (690, 760), (600, 2_300), (N - 60, N)])
def test_a_long_stretch_without_volume_is_one_stretch(
    pool: ClickHousePool, first: int, stop: int
) -> None:
    given = calm()
    given.columns["volume_base"][first:stop] = 0
    given.columns["volume_base"][first + 1 : stop : 2] = -0.0
    given.columns["volume_base"][500:559] = 0

    (stretch,) = found(pool, given).values()

    assert (stretch.kind, stretch.n, stretch.n_candles) == (Kind.NO_VOLUME, 1, stop - first)
    assert places(stretch) == [first]


def test_a_close_that_stands_still_while_volume_trades_is_found(pool: ClickHousePool) -> None:
    given = calm()
    for name in ("open", "high", "low", "close"):
        given.columns[name][650:750] = given.columns["close"][649]

    (stretch,) = found(pool, given).values()

    assert (stretch.kind, stretch.n, stretch.n_candles) == (Kind.SAME_CLOSE, 1, 100)
    assert places(stretch) == [650]


def test_hours_among_minutes_are_steps_and_not_gaps(pool: ClickHousePool) -> None:
    given = calm(10_000)
    is_there = np.ones(10_000, dtype=np.bool_)
    is_there[600:6_600] = np.arange(6_000) % 60 == 0

    findings = found(pool, given.take(is_there))

    steps = findings[Kind.STEPS]
    assert (steps.n, steps.n_candles, places(steps)) == (1, 99, [660])
    assert steps.places[0].size == 60 * MINUTE_MS
    # The last minute before and the first behind lie an hour from their neighbours, too.
    assert findings[Kind.GAPS].n == 2


def test_a_history_of_nothing_but_hours_is_a_step(pool: ClickHousePool) -> None:
    given = calm()

    findings = found(pool, given.take(np.arange(N) % 60 == 0))

    assert findings[Kind.STEPS].n_candles == N // 60
    assert Kind.GAPS not in findings


def test_rows_that_no_import_lets_through_are_found(pool: ClickHousePool) -> None:
    given = calm()
    given.columns["open"][100] = given.columns["high"][100] * 1.001
    given.columns["volume_base"][200] = np.nan
    given.columns["low"][300] = -1.0

    impossible = found(pool, given)[Kind.IMPOSSIBLE]

    assert (impossible.n, places(impossible)) == (3, [100, 200, 300])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_shortest_histories_are_judged(pool: ClickHousePool, n: int) -> None:
    assert found(pool, calm(n)) == {}


def test_thousands_of_places_are_counted_and_the_worst_are_listed(pool: ClickHousePool) -> None:
    given = calm()
    at = np.arange(10, N, 10)
    given.columns["high"][at] *= np.linspace(1.05, 1.5, len(at))

    spikes = found(pool, given)[Kind.SPIKES]

    assert spikes.n == len(at)
    assert places(spikes) == at[-20:][::-1].tolist()
