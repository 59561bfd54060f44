"""Three weeks of BTCUSDT minutes through import, store, indicators, rules and both faces."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.table import create_table
from backtest.adapters.ingest.importer import check_file, write_file
from backtest.control import Control
from backtest.indicators import momentum, ranges, volume
from backtest.indicators.catalog import INDICATORS
from backtest.indicators.definition import Indicator
from backtest.indicators.series import Series
from backtest.types import Bars, FloatArray, Instrument, Timeframe
from tests.backtest.signals.reading import signals_of
from tests.backtest.test_catalog import default_of, told_warmup
from tests.candle_samples import N_MINUTES, START_MS, real, write_generated
from tests.e2e.answers import whole_answer
from tests.e2e.world import opened_over

BoolArray = NDArray[np.bool_]

BTCUSDT = Instrument(market_id=1, symbol="BTCUSDT")
ROWS = [pytest.param(row, id=row.id) for row in INDICATORS.values()]


@pytest.fixture(scope="module", params=["generated", *(["real"] if real() else [])])
def pool(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClickHousePool]:
    found = real() if request.param == "real" else None
    path = found or write_generated(tmp_path_factory.mktemp("files"))
    pool = ClickHousePool(EmbeddedEngine(directory=tmp_path_factory.mktemp("candles")))
    create_table(pool)
    checked = check_file(path, lambda *_: None)
    written = write_file(pool, BTCUSDT, checked, lambda *_: None, now_ms=1)
    assert (checked.n_rows, checked.n_refused, written.n_new) == (N_MINUTES, 0, N_MINUTES)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def series(pool: ClickHousePool) -> Series:
    minutes = ClickHouseCandles(pool).load(
        BTCUSDT,
        Timeframe.M1,
        start_ms=START_MS,
        stop_ms=START_MS + N_MINUTES * 60_000,
        control=Control(),
    )
    assert np.array_equal(minutes.ts_open, START_MS + np.arange(N_MINUTES) * 60_000)
    columns = {name: getattr(minutes, name) for name in ("open", "high", "low", "close", "volume")}
    return Series.of(
        Bars(
            timeframe=Timeframe.M1,
            ts_open=minutes.ts_open,
            target_start=0,
            target_stop=N_MINUTES,
            **columns,
        )
    )


def settings_of(row: Indicator) -> dict[str, Any]:
    chosen: dict[str, Any] = {param.name: default_of(param) for param in row.params}
    return chosen | ({"source": row.default_source} if row.sources else {})


def primary(row: Indicator, series: Series) -> FloatArray:
    settings = settings_of(row)
    return row.compute(series, **{name: settings[name] for name in row.primary_axes})


def over_windows(x: FloatArray, window: int, undefined: Callable[[FloatArray], Any]) -> BoolArray:
    """Whether a condition holds for the last `window` values; false while there are fewer."""
    out = np.zeros(len(x), bool)
    out[window - 1 :] = undefined(sliding_window_view(x, window))
    return out


def has_no_sum(x: FloatArray, window: int) -> BoolArray:
    return over_windows(x, window, lambda part: ~part.any(axis=1))


def is_constant(x: FloatArray, window: int) -> BoolArray:
    return over_windows(x, window, lambda part: np.ptp(part, axis=1) == 0)


def any_nan(x: FloatArray, window: int) -> BoolArray:
    return over_windows(x, window, lambda part: np.isnan(part).any(axis=1))


def is_flat(s: Series, window: int) -> BoolArray:
    top = sliding_window_view(s["high"], window).max(axis=1)
    out = np.zeros(len(s), bool)
    out[window - 1 :] = top == sliding_window_view(s["low"], window).min(axis=1)
    return out


def has_not_moved_yet(s: Series) -> BoolArray:
    rises, falls = moves(s["high"]), -moves(s["low"])
    is_directed = (rises != falls) & (np.maximum(rises, falls) > 0)
    return ~np.logical_or.accumulate(is_directed)


def moves(x: FloatArray) -> FloatArray:
    return np.diff(x, prepend=x[:1])


# Where a value may be undefined after the warm-up; all other indicators never are.
UNDEFINED: dict[str, Callable[[Series], BoolArray]] = {
    "ma.vwma": lambda s: has_no_sum(s["volume"], 20),
    "volume.vwap": lambda s: has_no_sum(s["volume"], 20),
    "volume.cmf": lambda s: has_no_sum(s["volume"], 20),
    "volume.vwap_deviation": lambda s: any_nan(volume.vwap(s, window=20), 20),
    "volume.mfi": lambda s: has_no_sum(moves(s["hlc3"]) * s["volume"], 20),
    "volatility.bbands_percent_b": lambda s: is_constant(s["close"], 20),
    "structure.zscore": lambda s: is_constant(s["close"], 20),
    "momentum.cci": lambda s: is_constant(s["hlc3"], 14),
    "momentum.fisher": lambda s: is_flat(s, 14),
    "momentum.williams_r": lambda s: is_flat(s, 14),
    "momentum.stoch": lambda s: any_nan(np.where(is_flat(s, 14), np.nan, 0.0), 3),
    "momentum.stoch_rsi": lambda s: any_nan(
        np.where(
            over_windows(
                momentum.rsi(s, source="close", window=14),
                14,
                lambda part: np.ptp(part, axis=1) <= ranges.LEAST_RSI_RANGE,
            ),
            np.nan,
            0.0,
        ),
        3,
    ),
    "trend.vortex": lambda s: is_flat(s, 20),
    "trend.adx": has_not_moved_yet,
    "structure.candle_stats": lambda s: s["high"] == s["low"],
}
HELPERS = {"structure.pivot_high", "structure.pivot_low"}
SPARSE = {"structure.pivots", *HELPERS}


@pytest.mark.parametrize("row", ROWS)
def test_indicator_is_finite_wherever_it_is_defined(row: Indicator, series: Series) -> None:
    out = primary(row, series)

    warmup = told_warmup(row, settings_of(row))
    assert np.isnan(out[:warmup]).all()
    assert not np.isinf(out).any()
    if row.id in SPARSE:
        assert 0.02 < np.isfinite(out).mean() < 0.2
        return
    undefined = UNDEFINED.get(row.id, lambda s: np.zeros(len(s), bool))(series)
    np.testing.assert_array_equal(np.isnan(out[warmup:]), undefined[warmup:])


@pytest.mark.parametrize("row", [row for row in ROWS if row.id not in HELPERS])
def test_rule_fires_both_ways(row: Indicator, series: Series) -> None:
    assert row.rule is not None
    read = [INDICATORS[name] for name in row.rule.reads] or [row]
    outputs = tuple(primary(reader, series) for reader in read)
    axes = {param.name: (default_of(param),) for param in row.rule.params}
    source = row.default_source if row.sources else None

    ((_, signal),) = signals_of(row.rule, series, outputs, (0, len(series)), axes, source)

    assert np.mean(signal == 1) > 0.005
    assert np.mean(signal == -1) > 0.005


@pytest.mark.parametrize(("timeframe", "n_days"), [("1m", 3), ("5m", 15), ("1h", 18)])
def test_both_faces_answer_the_same(pool: ClickHousePool, timeframe: str, n_days: int) -> None:
    start = datetime(2023, 3, 22, tzinfo=UTC) - timedelta(days=n_days)
    request: dict[str, Any] = {
        "time_range": {"start": start.isoformat(), "end": "2023-03-22T00:00:00Z"},
        "template": {
            "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
            "timeframe": timeframe,
            "indicator_grids": [
                {
                    "indicator_id": "ma.sma",
                    "params": {"window": {"mode": "explicit", "values": [10, 50]}},
                    "source": {"mode": "explicit", "values": ["close", "hlc3"]},
                },
                {
                    "indicator_id": "momentum.rsi",
                    "params": {"window": {"mode": "explicit", "values": [7, 14]}},
                    "source": {"mode": "explicit", "values": ["close"]},
                },
            ],
            "signal_grids": {
                "momentum.rsi": {
                    "long_threshold": {"mode": "explicit", "values": [55]},
                    "short_threshold": {"mode": "explicit", "values": [45]},
                }
            },
            "risk_grid": {"sl_enabled": True, "sl": {"mode": "explicit", "values": [1, 3]}},
        },
        "warmup_bars": 60,
    }

    with opened_over(ClickHouseCandles(pool)) as (rest, graphql):
        answer = rest.run(request)
        over_graphql = whole_answer(graphql, request)

    minutes = {"1m": 1, "5m": 5, "1h": 60}[timeframe]
    assert answer == over_graphql
    assert answer["target_bars"] == n_days * 1_440 // minutes
    assert len(answer["variants"]) == 16
    assert all(variant["total_return_pct"] != 0.0 for variant in answer["variants"])
