"""The files of exchanges and tools, one row each: how one is told and what its columns are.

A new format is a new row here and an example in `tests/backtest/adapters/ingest/examples.py`; the
table in docs/candle-files.md is written from both.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from backtest.adapters.ingest.sample import Sample

VolumeRule = Literal["as named", "by currency", "OKX", "Yahoo"]

_OHLC = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way of writing candles.

    Attributes:
        name: As the report of an import says it.
        columns: The field of each column of a file without a header; `-` is not read.
        headings: Plain names that all must be in the header.
        cased: Headings that count by their case, since others differ from them by it alone.
        fields: What a heading means here where that is not what it means elsewhere.
        is_it: Tells rows of as many columns apart by their numbers.
        zone: The zone of times without one, where the publisher says it.
        is_server_time: Numbers count from 1970 by the clock of a server in an unknown zone.
        volumes: How base and quote volume are told apart.
        note: What the user should know.
    """

    name: str
    columns: tuple[str, ...] = ()
    headings: frozenset[str] = frozenset()
    cased: frozenset[str] = frozenset()
    fields: dict[str, str] = field(default_factory=dict[str, str])
    is_it: Callable[[Sample], bool] = lambda _: True
    zone: str | None = None
    is_server_time: bool = False
    volumes: VolumeRule = "as named"
    note: str = ""

    def fits(self, sample: Sample) -> bool:
        """Whether the first rows of a file are written this way."""
        if self.columns:
            return self._fits_rows(sample) and self.is_it(sample)
        return (
            sample.names is not None
            and self.headings <= set(sample.names)
            and self.cased <= set(sample.raw_names)
            and self.is_it(sample)
        )

    def _fits_rows(self, sample: Sample) -> bool:
        if sample.names is not None or len(self.columns) != sample.width:
            return False
        is_time = sample.is_time(self.columns.index(_time(self)))
        return is_time and self.share_of_prices(sample) > 0.5

    def share_of_prices(self, sample: Sample) -> float:
        """Of the rows with numbers, those whose open and close lie within low..high."""
        return sample.share_of_prices(*(self.columns.index(name) for name in _OHLC))


def _time(form: Format) -> str:
    return "time" if "time" in form.columns else "date"


def _rows(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KLINE = (
    "time open high low close volume_base close_time volume_quote trades_count"
    " taker_buy_volume_base taker_buy_volume_quote"
)
_YAHOO = _set("adj_close stock_splits")
_OPENED = _set("open high low close")
_CONTRACTS = (
    "the volume column counts contracts; the base volume is read from the column behind"
    " the close time"
)
_TICKS = "a broker's MetaTrader counts ticks in the volume, not what was traded"

FORMATS: tuple[Format, ...] = (
    Format(
        name="Binance COIN-M klines, no header",
        columns=_rows(
            "time open high low close - close_time volume_base trades_count - taker_buy_volume_base"
            " -"
        ),
        is_it=lambda sample: (
            sample.counts_contracts(volume=5, other=7) and not sample.is_turnover(volume=5, quote=7)
        ),
        note=_CONTRACTS,
    ),
    Format(name="Binance klines, no header", columns=_rows(f"{_KLINE} -")),
    Format(name="Binance klines without the last column, no header", columns=_rows(_KLINE)),
    Format(
        name="Poloniex rows, no header",
        columns=_rows(
            "low high open close volume_quote volume_base - - trades_count - - interval time"
            " close_time"
        ),
    ),
    Format(
        name="OKX candles, no header",
        columns=_rows("time open high low close vol vol_ccy vol_ccy_quote closed"),
        volumes="OKX",
    ),
    Format(
        name="Kraken OHLC rows with vwap, no header",
        columns=_rows("time open high low close - volume_base trades_count"),
        is_it=lambda sample: sample.is_between(5, low=3, high=2) and sample.are_whole(7),
    ),
    Format(
        name="MEXC rows, no header",
        columns=_rows("time open high low close volume_base close_time volume_quote"),
        is_it=lambda sample: sample.is_time(6),
    ),
    Format(
        name="Bitget rows, no header",
        columns=_rows("time open high low close volume_base - volume_quote"),
        is_it=lambda sample: sample.is_turnover(volume=5, quote=7),
    ),
    Format(
        name="Gate candles, no header",
        columns=_rows("time volume_quote close high low open volume_base closed"),
        is_it=lambda sample: sample.are_flags(7),
    ),
    Format(
        name="MetaTrader 4, no header",
        columns=_rows("date clock open high low close volume_base"),
        is_it=lambda sample: sample.is_clock(1),
        note=_TICKS,
    ),
    Format(
        name="Kraken OHLCVT, no header",
        columns=_rows("time open high low close volume_base trades_count"),
        is_it=lambda sample: sample.are_whole(6) and not sample.is_turnover(volume=5, quote=6),
    ),
    Format(
        name="Bybit kline rows, no header",
        columns=_rows("time open high low close volume_base volume_quote"),
    ),
    Format(
        name="KuCoin rows, no header",
        columns=_rows("time open close high low volume_base volume_quote"),
    ),
    Format(
        name="Bybit for MetaTrader 4, no header",
        columns=_rows("time open high low close volume_base"),
        is_it=lambda sample: sample.is_text(0),
        note=_TICKS,
    ),
    Format(name="ccxt rows, no header", columns=_rows("time open high low close volume_base")),
    Format(name="Coinbase rows, no header", columns=_rows("time low high open close volume_base")),
    Format(name="Bitfinex rows, no header", columns=_rows("time open close high low volume_base")),
    Format(
        name="Gate archive, no header",
        columns=_rows("time - close high low open"),
        note="the publisher does not say in what its volume is counted, so it is not read",
    ),
    Format(name="rows without a volume, no header", columns=_rows("time open high low close")),
    Format(
        name="Binance websocket klines",
        cased=_set("t T o h l c v q V Q"),
        fields={"l": "low"},
    ),
    Format(
        name="Binance COIN-M klines",
        headings=_OPENED | _set("open_time volume close_time"),
        fields={
            "volume": "-",
            "quote_volume": "volume_base",
            "quote_asset_volume": "volume_base",
            "taker_buy_volume": "-",
            "taker_buy_base_asset_volume": "-",
            "taker_buy_quote_volume": "taker_buy_volume_base",
            "taker_buy_quote_asset_volume": "taker_buy_volume_base",
        },
        is_it=lambda sample: (
            sample.width == len(_rows(_KLINE)) + 1
            and sample.counts_contracts(volume=5, other=7)
            and not sample.is_turnover(volume=5, quote=7)
        ),
        note=_CONTRACTS,
    ),
    Format(
        name="Binance vision klines",
        headings=_set("open_time close_time quote_volume count taker_buy_volume"),
    ),
    Format(
        name="Binance API klines",
        headings=_set("open_time quote_asset_volume number_of_trades"),
    ),
    Format(name="Bybit kline API", headings=_set("start_time open_price high_price turnover")),
    Format(
        name="OKX archive",
        headings=_set("instrument_name vol vol_ccy vol_quote confirm"),
        fields={"vol": "vol", "vol_ccy": "vol_ccy", "vol_quote": "vol_ccy_quote"},
        volumes="OKX",
    ),
    Format(
        name="OKX API",
        headings=_set("vol vol_ccy"),
        fields={"vol": "vol", "vol_ccy": "vol_ccy", "vol_ccy_quote": "vol_ccy_quote"},
        volumes="OKX",
    ),
    Format(
        name="HTX swap klines",
        headings=_OPENED | _set("id amount vol trade_turnover"),
        fields={
            "id": "time",
            "amount": "volume_base",
            "trade_turnover": "volume_quote",
            "vol": "-",
        },
        note="vol counts contracts; the base volume is read from amount",
    ),
    Format(
        name="HTX klines",
        headings=_OPENED | _set("amount vol"),
        fields={"amount": "volume_base", "vol": "volume_quote", "id": "time"},
        is_it=lambda sample: not sample.is_worth(volume="vol", quote="amount"),
    ),
    Format(
        name="Poloniex chart data",
        headings=_OPENED | _set("volume quote_volume weighted_average"),
        fields={"volume": "volume_quote", "quote_volume": "volume_base"},
        is_it=lambda sample: not sample.is_worth(volume="volume", quote="quote_volume"),
        note="quoteVolume counts the coin and volume what was paid for it",
    ),
    Format(
        name="BitMEX trade buckets",
        headings=_OPENED | _set("timestamp symbol trades volume"),
        fields={
            "timestamp": "close_time",
            "home_notional": "volume_base",
            "foreign_notional": "volume_quote",
            "volume": "-",
            "turnover": "-",
        },
        is_it=lambda sample: (
            "home_notional" in (sample.names or ())
            or any(text.startswith("XBT") for text in sample.texts_of("symbol"))
        ),
        note="volume counts contracts; the base volume is read from homeNotional",
    ),
    Format(
        name="Upbit candles",
        headings=_set("candle_date_time_utc opening_price trade_price"),
        fields={
            "candle_date_time_utc": "time",
            "trade_price": "close",
            "candle_acc_trade_volume": "volume_base",
            "candle_acc_trade_price": "volume_quote",
            "timestamp": "-",
        },
    ),
    Format(
        name="Deribit chart data",
        headings=_OPENED | _set("ticks volume cost"),
        fields={"ticks": "time", "cost": "volume_quote"},
    ),
    Format(
        name="Oanda candles",
        headings=_set("complete volume time o h l c"),
        note="a broker counts ticks in the volume, not what was traded",
    ),
    Format(
        name="Gate futures",
        headings=_set("t o h l c v sum"),
        fields={"v": "-", "sum": "volume_quote"},
        note="v counts contracts",
    ),
    Format(
        name="CoinMarketCap",
        headings=_OPENED | _set("time_open time_close market_cap volume"),
        fields={
            "time_open": "time",
            "timestamp": "-",
            "volume": "volume_quote",
            "name": "-",
        },
        note="its volume is the worth of what was traded, in dollars",
    ),
    Format(
        name="CoinAPI",
        headings=_set("time_period_start price_open volume_traded"),
        fields={
            "time_period_start": "time",
            "time_period_end": "close_time",
            "volume_traded": "volume_base",
            "time_open": "-",
            "time_close": "-",
        },
    ),
    Format(
        name="CryptoDataDownload",
        headings=_set("date symbol open high low close"),
        is_it=lambda sample: sample.has_currency_volumes,
        zone="UTC",
        volumes="by currency",
    ),
    Format(
        name="Bitstamp at Kaggle",
        headings=_set("timestamp volume_btc volume_currency weighted_price"),
        volumes="by currency",
    ),
    Format(
        name="CryptoCompare",
        headings=_set("time volumefrom volumeto"),
        fields={"volumefrom": "volume_base", "volumeto": "volume_quote"},
    ),
    Format(name="Polygon flat file", headings=_set("ticker window_start transactions")),
    Format(name="Databento", headings=_set("ts_event rtype publisher_id")),
    Format(
        name="Nautilus bars",
        headings=_set("ts_event open high low close"),
        note="ts_event is taken for the open time; where bars were stamped at their close, pass"
        " --times close",
    ),
    Format(
        name="MetaTrader 5",
        headings=_set("date time open high low close tickvol"),
        fields={"tickvol": "-", "spread": "-", "vol": "volume_base"},
        note="ticks are not a volume; what was traded is read from <VOL>",
    ),
    Format(
        name="MetaTrader 5 rates",
        headings=_OPENED | _set("time tick_volume real_volume"),
        fields={"tick_volume": "-", "real_volume": "volume_base"},
        is_server_time=True,
        note="ticks are not a volume; what was traded is read from real_volume; numbers count the"
        " time of the broker's server",
    ),
    Format(
        name="yfinance",
        headings=_set("open high low close volume"),
        is_it=lambda sample: (
            sample.container == "CSV" and (bool(sample.tickers) or sample.has_any(_YAHOO))
        ),
        volumes="Yahoo",
    ),
    Format(
        name="freqtrade",
        headings=_set("date open high low close volume"),
        is_it=lambda sample: sample.container != "CSV" and sample.width == 6,
    ),
    Format(name="Dukascopy", headings=_set("gmt_time open high low close volume"), zone="UTC"),
    Format(
        name="volumes named by currency",
        headings=_set("open high low close"),
        is_it=lambda sample: sample.has_currency_volumes,
        volumes="by currency",
    ),
    Format(
        name="pandas with an unnamed index",
        headings=_set("open high low close"),
        is_it=lambda sample: sample.index_place is not None,
    ),
    Format(name="columns by name", headings=frozenset()),
)


def format_of(sample: Sample) -> Format | None:
    """The first row of the table that fits, and of rows without a header the one that fits best.

    Where open and low are the same more often than not, other orders of columns fit most rows, too.
    """
    fitting = [form for form in FORMATS if form.fits(sample)]
    if not fitting or not fitting[0].columns:
        return next(iter(fitting), None)
    return max(fitting, key=lambda form: form.share_of_prices(sample))
