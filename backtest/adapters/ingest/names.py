"""The names that columns of candles have, and what each of them means.

See: docs/candle-files.md
"""

import re
from collections.abc import Iterable

# The last price of a candle is its close; of other things it is not.
LAST_PRICES = ("last", "close_last", "last_price", "trade_price", "price")
# In the order of preference where a file has several columns for a field.
_ALIASES = {
    "time": (
        "ts_open open_time opentime open_timestamp start_time starttime start_at unix"
        " unix_timestamp timestamp ts_event ts datetime date_time time_utc time_gmt gmt_time"
        " utc_time date_utc date_gmt window_start time t begins_at local_time period_start start"
        " started_at unix_time begin time_open trade_time bar_time candle_time event_time"
    ),
    "date": "date dtyyyymmdd yyyymmdd open_date bar_date trade_date trading_date",
    "close_time": "ts_close close_time closetime end_time endtime time_close close_timestamp end_at"
    " period_end",
    "open": "open o open_price price_open opening_price",
    "high": "high h high_price price_high",
    "low": "low l low_price price_low",
    "close": " ".join(("close c close_price price_close closing_price", *LAST_PRICES)),
    "volume_base": "volume_base base_volume base_vol base_token_volume volume_from volumefrom"
    " volume vol v",
    "volume_quote": (
        "volume_quote quote_volume quote_asset_volume volume_to volumeto turnover q quote_vol"
        " vol_quote volume_currency amount"
    ),
    "trades_count": (
        "trades_count number_of_trades num_trades trade_count tradecount trades count n"
        " transactions trades_num"
    ),
    "taker_buy_volume_base": (
        "taker_buy_volume_base taker_buy_volume taker_buy_base_volume taker_buy_base_asset_volume"
        " taker_base_vol"
    ),
    "taker_buy_volume_quote": (
        "taker_buy_volume_quote taker_buy_quote_volume taker_buy_quote_asset_volume taker_quote_vol"
    ),
    "symbol": "symbol symbols pair ticker tic instrument instrument_name instrument_id inst_id"
    " market coin s currency_pair trading_pair tradingpair trading_symbol tradingsymbol"
    " product product_id product_code contract contract_code security secid sec_id symbol_id"
    " exchange_symbol ticker_symbol ts_code stock stock_code figi isin asset asset_id"
    " instrument_token",
    # Where these change, the series does; where they do not, they say nothing new.
    "label": "name asset_name coin_name code token crypto underlying base base_asset base_currency"
    " currency quote quote_asset quote_currency",
    "venue": "exchange venue exchange_id exchange_name mic market_type contract_type price_type"
    " expiry expiration delivery_date",
    "interval": "interval timeframe resolution candle_interval bar_interval freq frequency tf"
    " per i",
    "closed": "confirm confirmed is_closed closed is_final final complete x",
}
_FIELDS = {
    alias: (field, rank)
    for field, aliases in _ALIASES.items()
    for rank, alias in enumerate(aliases.split())
}
_UNIT = re.compile(r"_(s|sec|seconds|ms|us|ns)$")
_CURRENCY = re.compile(r"vol(?:ume)?_([a-z0-9]{2,10})")


def plain(name: str) -> str:
    """The name in lower case with underscores: `startTime` and `<Start Time>` are `start_time`."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name.strip().strip("<>"))
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def field_of(name: str) -> tuple[str, int] | None:
    """What a column of this plain name holds, and how far down it is among the names for that."""
    return _FIELDS.get(name) or _FIELDS.get(_UNIT.sub("", name))


def currency_of(name: str) -> str | None:
    """`BTC` of a plain name such as `volume_btc`."""
    match = None if name in _FIELDS else _CURRENCY.fullmatch(name)
    return match.group(1).upper() if match else None


def is_known(name: str) -> bool:
    """Whether a heading says what its column holds."""
    word = plain(name)
    return field_of(word) is not None or currency_of(word) is not None


def trades_hint(names: Iterable[str]) -> str:
    """What to say beside a refusal where the columns are those of trades."""
    words = set(map(plain, names))
    if "price" not in words or words.isdisjoint({"qty", "quantity", "size", "amount", "side"}):
        return ""
    return "; these are trades: make candles of them first"


def is_utc(name: str) -> bool:
    """Whether the heading of a time says that it is UTC."""
    return bool({"utc", "gmt"} & set(plain(name).split("_")))
