"""A strategy as it is stored; tests change what they are about."""

from collections.abc import Mapping
from typing import Any

SPEC: Mapping[str, Any] = {
    "spec_kind": "roehub.strategy.v1",
    "schema_version": 1,
    "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
    "instrument_key": "binance:spot:BTCUSDT",
    "market_type": "spot",
    "symbol": "BTCUSDT",
    "timeframe": "15m",
    "indicators": [{"id": "ma.sma", "inputs": {"source": "close"}, "params": {"window": 20}}],
}
