from uuid import uuid4

import numpy as np
import pytest

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import stored_instruments
from backtest.adapters.candles.write import Written, write_minutes
from backtest.adapters.ingest.generate import SYNTHETIC_SOURCE, SyntheticMarket, generate
from tests.backtest.adapters.minutes import MIDNIGHT_MS, a_new_instrument

MONTH = SyntheticMarket(first_ms=MIDNIGHT_MS, n_minutes=30 * 1_440, seed=7)


def test_a_seed_names_a_market() -> None:
    again, other = generate(MONTH), generate(SyntheticMarket(first_ms=0, n_minutes=1_440, seed=8))

    for name, column in generate(MONTH).columns.items():
        assert column.tobytes() == again.columns[name].tobytes()
        assert not np.array_equal(column[:1_440], other.columns[name])


@pytest.mark.parametrize("start_price", [1e-6, 0.5, 30_000.0, 1e9])
def test_every_candle_is_possible(start_price: float) -> None:
    minutes = generate(
        SyntheticMarket(first_ms=MIDNIGHT_MS, n_minutes=10_000, seed=1, start_price=start_price)
    )

    columns = minutes.columns
    assert np.all(columns["low"] > 0)
    assert np.all(columns["low"] <= np.minimum(columns["open"], columns["close"]))
    assert np.all(columns["high"] >= np.maximum(columns["open"], columns["close"]))
    assert np.all(columns["volume_base"] >= 0)
    assert np.array_equal(columns["open"][1:], columns["close"][:-1])
    assert set(np.diff(minutes.ts_open).tolist()) == {60_000}


def test_volatility_has_the_asked_size_and_comes_in_clusters() -> None:
    closes = generate(SyntheticMarket(first_ms=0, n_minutes=525_600, seed=3)).columns["close"]
    moves = np.diff(np.log(closes))

    hourly = np.abs(moves[: len(moves) // 60 * 60]).reshape(-1, 60).mean(axis=1)
    assert 0.02 < moves.std() * np.sqrt(1_440) < 0.04
    assert np.corrcoef(hourly[1:], hourly[:-1])[0, 1] > 0.5


def test_volume_peaks_in_the_afternoon() -> None:
    volume = generate(MONTH).columns["volume_base"].reshape(30, 24, 60).mean(axis=(0, 2))

    assert 12 <= int(np.argmax(volume)) <= 18
    assert volume.max() > 2 * volume.min()


def test_gaps_take_about_the_asked_share() -> None:
    gapped = generate(SyntheticMarket(first_ms=0, n_minutes=525_600, seed=3, gap_rate=0.05))

    assert gapped.ts_open[0] == 0
    assert 0.035 < 1 - len(gapped) / 525_600 < 0.055


def test_generating_again_writes_nothing(pool: ClickHousePool) -> None:
    instrument, minutes = a_new_instrument(), generate(MONTH)

    first, second = (
        write_minutes(
            pool, instrument, minutes, source=SYNTHETIC_SOURCE, now_ms=now_ms, ingest_id=uuid4()
        )
        for now_ms in (1, 2)
    )

    assert first == Written(n_new=43_200)
    assert second == Written(n_identical=43_200)
    stored = next(s for s in stored_instruments(pool) if s.instrument == instrument)
    assert (stored.n_rows, stored.sources) == (43_200, (SYNTHETIC_SOURCE,))
