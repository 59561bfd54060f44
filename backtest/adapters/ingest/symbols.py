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
# A word in any other name; a lower one only where it is spelled as one word.
_WORD = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z0-9]{2,12}[-_]?(?:USDT|USDC|FDUSD|BUSD|TUSD|USD|EUR|KRW)"
    r"|[a-z0-9]{2,12}(?:usdt|usdc|fdusd|busd))(?![A-Za-z0-9])"
)
_DELIVERY = r"_\d{6}$"  # another contract than the one without a date
_SLASHED = r"[A-Z0-9]{2,15}/[A-Z0-9]{2,15}(?::[A-Z0-9]{2,15})?"
# What instruments are priced in: a name that ends otherwise says no symbol.
_QUOTES = (
    "USD", "USDT", "USDC", "DAI", "EUR", "GBP", "JPY", "KRW", "TRY", "BRL", "BTC", "ETH", "BNB",
)  # fmt: skip


def other_symbol_of_file(name: str, wanted: str) -> str | None:
    """The symbol that a file's name has, unless that is the wanted one.

    A word such as `ETHUSDT` in any name is a weaker sign than the pattern of an archive, so that
    it says nothing about dollars and their kinds.
    """
    stem = name.rpartition("/")[2].partition(".")[0]
    matches = (re.fullmatch(pattern, stem) for pattern in _ARCHIVES)
    found = next((match.group(1) for match in matches if match), "")
    words = [word.group() for word in _WORD.finditer(stem)]
    if not _normal(re.sub(_DELIVERY, "", found)).endswith(_QUOTES):
        found = ""
    is_wanted = bool(found) and is_same_symbol(found, wanted)
    if not re.search(_DELIVERY, found):
        is_wanted |= any(_in_dollars(word) == _in_dollars(wanted) for word in words)
    return None if is_wanted else next(iter([found] if found else words), None)


def _in_dollars(symbol: str) -> str:
    return re.sub(r"(?:USDT|USDC|FDUSD|BUSD|TUSD)$", "USD", _normal(symbol))


def is_symbol(word: str) -> bool:
    """Whether a word, such as a name around the rows of a JSON, looks like a symbol."""
    return _WORD.fullmatch(word) is not None or re.fullmatch(_SLASHED, word) is not None


def is_same_symbol(one: str, other: str) -> bool:
    """Whether both spell one instrument."""
    return _normal(one) == _normal(other)


def _normal(symbol: str) -> str:
    symbol = re.sub(r"^[A-Z]+:|^t(?=[A-Z0-9:]{6,}$)", "", symbol.strip())  # X:BTCUSD, tBTCUSD
    symbol = re.sub(r"^([^:]+/[^:]+):[A-Z]+$", r"\1", symbol)  # BTC/USDT:USDT of ccxt
    parts = re.split(r"[^A-Z0-9]+", symbol.upper())
    joined = "".join(part for part in parts if part not in _NO_PART)
    joined = re.sub(r"^X([A-Z]{3})[XZ]([A-Z]{3})$", r"\1\2", joined)  # Kraken's XXBTZUSD
    for name, usual in _NAMES.items():
        joined = re.sub(f"^{name}|{name}$", usual, joined)
    return joined


def quote_of(symbol: str) -> str | None:
    """What a symbol such as `BTCUSDT` is priced in; None where it does not say."""
    name = _normal(symbol)
    found = (quote for quote in _QUOTES if name.endswith(quote) and name != quote)
    return max(found, key=len, default=None)


def is_base(currency: str, symbol: str) -> bool:
    """Whether a symbol trades this currency: `ETH` of `ETHBTC`."""
    return _normal(symbol).startswith(_NAMES.get(currency, currency))


def is_quote(currency: str, symbol: str) -> bool:
    """Whether a symbol is priced in this currency: `BTC` of `ETHBTC`."""
    return _normal(symbol).endswith(_NAMES.get(currency, currency))
