"""What the demo plays with: a synthetic year, a grid, a saved strategy.

The user and the instrument are those of `schema.examples`.

See: docs/commands.md
"""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import create_table
from backtest.adapters.candles.write import Written, write_minutes
from backtest.adapters.ingest.generate import SYNTHETIC_SOURCE, SyntheticMarket, generate
from backtest.adapters.strategies.writer import StrategyWriter
from backtest.types import Instrument
from bff.config.settings import Settings
from bff.stores import candle_target, strategies_url
from schema import examples
from schema.strategy_from_variant import default_name, spec_of_variant

INSTRUMENT = Instrument(**examples.INSTRUMENT)
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 366

TIME_RANGE = {"start": "2024-01-15T00:00:00Z", "end": "2025-01-01T00:00:00Z"}

REQUEST: dict[str, Any] = {
    "time_range": TIME_RANGE,
    "top_k": 10,
    "preselect": 500,
    "top_trades_n": 1,
    "template": {
        "instrument_id": examples.INSTRUMENT,
        "timeframe": "4h",
        "indicator_grids": [
            {
                "indicator_id": "ma.ema",
                "source": {"mode": "explicit", "values": ["close"]},
                "params": {"window": {"mode": "range", "start": 10, "stop_incl": 190, "step": 5}},
            },
            {
                "indicator_id": "momentum.rsi",
                "source": {"mode": "explicit", "values": ["close"]},
                "params": {"window": {"mode": "range", "start": 10, "stop_incl": 40, "step": 2}},
            },
        ],
        "signal_grids": {
            "momentum.rsi": {
                "long_threshold": {"mode": "explicit", "values": [52, 55, 60]},
                "short_threshold": {"mode": "explicit", "values": [40, 45, 48]},
            }
        },
        "risk_grid": {
            "sl_enabled": True,
            "sl": {"mode": "explicit", "values": [1, 2, 4]},
            "tp_enabled": True,
            "tp": {"mode": "explicit", "values": [4, 8, 16]},
        },
    },
}

DOCUMENT = """
mutation Demo($input: RunBacktestInput!) {
  runBacktest(input: $input) {
    engineParamsHash gridRequestHash stageAVariants stageBVariants targetBars
    variants {
      variantIndex variantKey totalReturnPct
      report { rows { metric value } equityCurve(maxPoints: 68) { equity } }
    }
  }
}
"""


def write_candles(settings: Settings) -> Written:
    """Fill the candle store with a synthetic year; doing it again changes nothing."""
    market = SyntheticMarket(
        first_ms=int(FIRST_DAY.timestamp() * 1000),
        n_minutes=DAYS * 1_440,
        seed=7,
        start_price=30_000.0,
        volatility_rate=0.03,
        gap_rate=0.001,
    )
    pool = ClickHousePool(candle_target(settings.environment))
    try:
        create_table(pool)
        return write_minutes(
            pool,
            INSTRUMENT,
            generate(market),
            source=SYNTHETIC_SOURCE,
            now_ms=int(datetime.now(UTC).timestamp() * 1000),
            ingest_id=uuid4(),
        )
    finally:
        pool.close()


def prepare_strategies(settings: Settings) -> None:
    """Make the table of saved strategies, so that the server finds it."""
    StrategyWriter(strategies_url(settings.environment)).close()


def save_best(settings: Settings, response: dict[str, Any]) -> None:
    """Save the best variant of a response as the strategy that the examples ask for."""
    spec = spec_of_variant(response, 0)
    writer = StrategyWriter(strategies_url(settings.environment))
    try:
        writer.add(
            strategy_id=examples.STRATEGY,
            user_id=examples.USER,
            name=default_name(spec),
            spec=spec,
            created_at=datetime.now(UTC),
            replace=True,
        )
    finally:
        writer.close()
