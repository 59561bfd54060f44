"""Symbols as exchanges spell them: `BTC/USD`, `XBTUSD`, `BTC-USDT-SWAP` and `BINANCE:BTCUSDT.P`."""

import re

_NO_PART = {"SWAP", "PERP", "PERPETUAL", "SPOT", "P", "BINANCE", "BYBIT", "OKX", "KRAKEN"}
_NAMES = {"XBT": "BTC", "XXBT": "BTC", "XDG": "DOGE"}


def is_same_symbol(one: str, other: str) -> bool:
    """Whether both spell one instrument."""
    return _normal(one) == _normal(other)


def _normal(symbol: str) -> str:
    parts = re.split(r"[^A-Z0-9]+", symbol.upper())
    joined = "".join(part for part in parts if part not in _NO_PART)
    for name, usual in _NAMES.items():
        joined = re.sub(f"^{name}|{name}$", usual, joined)
    return joined


def is_base(currency: str, symbol: str) -> bool:
    """Whether a symbol trades this currency: `ETH` of `ETHBTC`."""
    return _normal(symbol).startswith(_NAMES.get(currency, currency))


def is_quote(currency: str, symbol: str) -> bool:
    """Whether a symbol is priced in this currency: `BTC` of `ETHBTC`."""
    return _normal(symbol).endswith(_NAMES.get(currency, currency))
