"""Symbols as exchanges spell them: `BTC/USD`, `XBTUSD`, `BTC-USDT-SWAP` and `BINANCE:BTCUSDT.P`."""

import re

_NO_PART = {"SWAP", "PERP", "PERPETUAL", "SPOT", "P", "BINANCE", "BYBIT", "OKX", "KRAKEN"}
_NAMES = {"XBT": "BTC", "XXBT": "BTC", "XDG": "DOGE"}

# How exchanges and tools name the files of one symbol.
_ARCHIVES = (
    r"([A-Z0-9]{5,}(?:_(?:PERP|\d{6}))?)-\d+(?:mo|[smhdw])-\d{4}-\d{2}(?:-\d{2})?",  # Binance
    r"([A-Z0-9]{5,})_(?:\d+|D)_\d{4}-\d{2}-\d{2}_\d{4}-\d{2}-\d{2}",  # Bybit for MetaTrader
    r"([A-Z0-9]{5,})_(?:1|5|15|30|60|240|720|1440)",  # Kraken
    r"[A-Z][A-Za-z0-9]+_([A-Z0-9]{5,})_(?:\d{4}_)?(?:minute|hour|1h|d|daily)",  # CryptoDataDownload
    r"([A-Z0-9]+_[A-Z0-9]+)(?:_[A-Z0-9]+)?-\d+[smhdw](?:-[a-z_]+)?",  # freqtrade
)
# What instruments are priced in: a name that ends otherwise says no symbol.
_QUOTES = (
    "USD", "USDT", "USDC", "DAI", "EUR", "GBP", "JPY", "KRW", "TRY", "BRL", "BTC", "ETH", "BNB",
)  # fmt: skip


def symbol_of_archive(name: str) -> str | None:
    """The symbol in a file's name, where that is how an archive writes it."""
    stem = name.rpartition("/")[2].partition(".")[0]
    matches = (re.fullmatch(pattern, stem) for pattern in _ARCHIVES)
    found = next((match.group(1) for match in matches if match), None)
    if found is None or not _normal(re.sub(r"_\d{6}$", "", found)).endswith(_QUOTES):
        return None
    return found


def is_part_of(symbol: str, text: str) -> bool:
    """Whether a text holds the spelling of an instrument."""
    return _normal(symbol) in _normal(text)


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
