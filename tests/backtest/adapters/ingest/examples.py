"""A writer for each format that is recognised: it proves the row of the table, and the docs.

`python -m tests.backtest.adapters.ingest.examples` writes the table of docs/candle-files.md.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from pyarrow import feather, parquet

from backtest.adapters.ingest.formats import FORMATS
from backtest.adapters.ingest.options import ImportOptions
from tests.backtest.adapters.candle_texts import FIRST_MS

PAGE = Path(__file__).parents[4] / "docs" / "candle-files.md"
BEGIN, END = "<!-- formats -->", "<!-- end of formats -->"
MINUTE = 60_000
PLAIN = ImportOptions(symbol="AAAUSDT")
UTC_TIMES = ImportOptions(symbol="AAAUSDT", timezone="UTC")
NO_VOLUME = ImportOptions(symbol="AAAUSDT", zero_volume=True)


@dataclass(frozen=True)
class Candle:
    ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True)
class Example:
    """`row` is a template, see `fields`; `container` other than CSV takes names from the header."""

    header: str
    row: str
    asked: ImportOptions = PLAIN
    container: str = "CSV"

    def write(self, path: Path, candles: Sequence[Candle]) -> Path:
        rows = [self.row.format(**fields(candle)) for candle in candles]
        if self.container == "CSV":
            text = "\n".join([*self.header.split("\n"), *rows] if self.header else rows)
            path.write_text(text + "\n", encoding="utf-8")
        elif self.container == "JSON":
            path.write_text(f"[{','.join(f'[{row}]' for row in rows)}]", encoding="utf-8")
        else:
            self._write_table(path, [json.loads(f"[{row}]") for row in rows])
        return path

    def _write_table(self, path: Path, rows: Sequence[Sequence[float]]) -> None:
        names = self.header.split(",")
        arrays = map(pa.array, zip(*rows, strict=True))
        columns = dict(zip(names, arrays, strict=True))
        if "date" in columns:
            columns["date"] = columns["date"].cast(pa.timestamp("ms", "UTC"))
        if "ts_event" in columns:
            columns["ts_event"] = columns["ts_event"].cast(pa.uint64())
        table = pa.table(columns)
        if self.container == "Feather":
            feather.write_feather(table, path, compression="lz4")
        else:
            parquet.write_table(table, path)


def fields(candle: Candle) -> dict[str, object]:
    """What a template can name: `t` and `e` are the open and the last millisecond."""
    moment = datetime.fromtimestamp(candle.ms / 1_000, UTC)
    middle = (candle.high + candle.low) / 2
    return {
        "t": candle.ms,
        "e": candle.ms + MINUTE - 1,
        "s": candle.ms // 1_000,
        "us": candle.ms * 1_000,
        "e_us": (candle.ms + MINUTE) * 1_000 - 1,
        "ns": candle.ms * 1_000_000,
        "o": candle.open,
        "h": candle.high,
        "l": candle.low,
        "c": candle.close,
        "v": candle.volume,
        "half": candle.volume / 2,
        "q": candle.volume * middle,
        "m": middle,
        "contracts": candle.volume * middle / 100,
        "contracts_100": round(candle.volume * 100),
        "iso": f"{moment:%Y-%m-%d %H:%M:%S}",
        "iso_e": f"{moment:%Y-%m-%d %H:%M}:59.999",
        "closed": f"{moment + timedelta(minutes=1):%Y-%m-%d %H:%M:%S}",
        "slash": f"{moment:%Y/%m/%d %H:%M}",
        "dot": f"{moment:%Y.%m.%d}",
        "day": f"{moment:%d.%m.%Y}",
        "clock": f"{moment:%H:%M}",
    }


EXAMPLES: dict[str, list[Example]] = {
    "Binance COIN-M klines, no header": [
        Example("", "{t},{o},{h},{l},{c},{contracts},{e},{v},9,3,{half},0"),
    ],
    "Binance klines, no header": [
        Example("", "{us},{o},{h},{l},{c},{v},{e_us},{q},9,{half},{q},0"),
        Example("", "{t},{o},{h},{l},{c},{v},{e},{q},9,{half},{q},0"),
        Example("", '{t},"{o}","{h}","{l}","{c}","{v}",{e},"{q}",9,"1","2","0"', container="JSON"),
    ],
    "Binance klines without the last column, no header": [
        Example("", "{t},{o},{h},{l},{c},{v},{e},{q},9,{half},{q}"),
    ],
    "Poloniex rows, no header": [
        Example("", "{l},{h},{o},{c},{q},{v},1,1,9,{e},{m},MINUTE_1,{t},{e}"),
    ],
    "OKX candles, no header": [
        Example("", "{t},{o},{h},{l},{c},{v},{q},{q},1"),
        Example("", "{t},{o},{h},{l},{c},{contracts_100},{v},{q},1"),
    ],
    "Kraken OHLC rows with vwap, no header": [
        Example("", "{s},{o},{h},{l},{c},{m},{v},9"),
        Example("", '{s},"{o}","{h}","{l}","{c}","{m}","{v}",9', container="JSON"),
    ],
    "MEXC rows, no header": [Example("", "{t},{o},{h},{l},{c},{v},{e},{q}")],
    "Bitget rows, no header": [Example("", "{t},{o},{h},{l},{c},{v},{q},{q}")],
    "Gate candles, no header": [Example("", "{s},{q},{c},{h},{l},{o},{v},true")],
    "MetaTrader 4, no header": [Example("", "{dot},{clock},{o},{h},{l},{c},{v}", UTC_TIMES)],
    "Kraken OHLCVT, no header": [Example("", "{s},{o},{h},{l},{c},{v},9")],
    "Bybit kline rows, no header": [Example("", "{t},{o},{h},{l},{c},{v},{q}")],
    "KuCoin rows, no header": [Example("", "{s},{o},{c},{h},{l},{v},{q}")],
    "Bybit for MetaTrader 4, no header": [
        Example("", "{dot} {clock},{o},{h},{l},{c},{v}", UTC_TIMES),
    ],
    "ccxt rows, no header": [
        Example("", "{t},{o},{h},{l},{c},{v}"),
        Example("", "{t},{o},{h},{l},{c},{v}", container="JSON"),
    ],
    "Coinbase rows, no header": [Example("", "{s},{l},{h},{o},{c},{v}")],
    "Bitfinex rows, no header": [Example("", "{t},{o},{c},{h},{l},{v}")],
    "Gate archive, no header": [Example("", "{s},{q},{c},{h},{l},{o}", NO_VOLUME)],
    "rows without a volume, no header": [Example("", "{s},{o},{h},{l},{c}", NO_VOLUME)],
    "Binance websocket klines": [
        Example(
            "t,T,s,i,f,L,o,c,h,l,v,n,x,q,V,Q,B",
            "{t},{e},AAAUSDT,1m,1,2,{o},{c},{h},{l},{v},9,true,{q},{half},{q},0",
        ),
    ],
    "Binance COIN-M klines": [
        Example(
            "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
            "taker_buy_volume,taker_buy_quote_volume,ignore",
            "{t},{o},{h},{l},{c},{contracts},{e},{v},9,3,{half},0",
        ),
    ],
    "Binance vision klines": [
        Example(
            "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
            "taker_buy_volume,taker_buy_quote_volume,ignore",
            "{t},{o},{h},{l},{c},{v},{e},{q},9,{half},{q},0",
        ),
    ],
    "Binance API klines": [
        Example(
            "Open time,Open,High,Low,Close,Volume,Close time,Quote asset volume,Number of trades,"
            "Taker buy base asset volume,Taker buy quote asset volume,Ignore",
            "{t},{o},{h},{l},{c},{v},{e},{q},9,{half},{q},0",
        ),
    ],
    "Bybit kline API": [
        Example(
            "startTime,openPrice,highPrice,lowPrice,closePrice,volume,turnover",
            "{t},{o},{h},{l},{c},{v},{q}",
        ),
    ],
    "OKX archive": [
        Example(
            "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm",
            "AAA-USDT-SWAP,{o},{h},{l},{c},{contracts_100},{v},{q},{t},1",
        ),
        Example(
            "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm",
            "AAA-USDT,{o},{h},{l},{c},{v},{q},{q},{t},1",
        ),
    ],
    "OKX API": [
        Example("ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm", "{t},{o},{h},{l},{c},{v},{q},{q},1"),
    ],
    "HTX swap klines": [
        Example(
            "id,open,close,low,high,amount,vol,trade_turnover,count",
            "{s},{o},{c},{l},{h},{v},{contracts_100},{q},9",
        ),
    ],
    "HTX klines": [
        Example("id,open,close,low,high,amount,vol,count", "{s},{o},{c},{l},{h},{v},{q},9"),
    ],
    "Poloniex chart data": [
        Example(
            "date,high,low,open,close,volume,quoteVolume,weightedAverage",
            "{s},{h},{l},{o},{c},{q},{v},{m}",
        ),
    ],
    "BitMEX trade buckets": [
        Example(
            "timestamp,symbol,open,high,low,close,trades,volume,vwap,lastSize,turnover,"
            "homeNotional,foreignNotional",
            "{closed}Z,AAAUSDT,{o},{h},{l},{c},9,{contracts_100},{m},1,5,{v},{q}",
        ),
    ],
    "Upbit candles": [
        Example(
            "market,candle_date_time_utc,candle_date_time_kst,opening_price,high_price,low_price,"
            "trade_price,timestamp,candle_acc_trade_price,candle_acc_trade_volume,unit",
            "AAA-USDT,{iso},-,{o},{h},{l},{c},{e},{q},{v},1",
        ),
    ],
    "Deribit chart data": [
        Example("volume,ticks,open,low,high,cost,close", "{v},{t},{o},{l},{h},{q},{c}"),
    ],
    "Oanda candles": [Example("complete,volume,time,o,h,l,c", "True,{v},{iso}Z,{o},{h},{l},{c}")],
    "Gate futures": [
        Example("t,v,c,h,l,o,sum", "{s},{contracts_100},{c},{h},{l},{o},{q}", NO_VOLUME)
    ],
    "CoinMarketCap": [
        Example(
            "timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;"
            "timestamp",
            '"{iso}Z";"{iso_e}Z";"{iso}Z";"{iso}Z";"2781";{o};{h};{l};{c};{q};1;"{iso_e}Z"',
            NO_VOLUME,
        ),
    ],
    "CoinAPI": [
        Example(
            "time_period_start,time_period_end,time_open,time_close,price_open,price_high,"
            "price_low,price_close,volume_traded,trades_count",
            "{iso}Z,,{iso}Z,{iso}Z,{o},{h},{l},{c},{v},9",
        ),
    ],
    "CryptoDataDownload": [
        Example(
            "https://www.CryptoDataDownload.com\n"
            "unix,date,symbol,open,high,low,close,Volume AAA,Volume USDT,tradecount",
            "{t},{iso},AAA/USDT,{o},{h},{l},{c},{v},{q},9",
        ),
    ],
    "Bitstamp at Kaggle": [
        Example(
            "Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price",
            "{s},{o},{h},{l},{c},{v},{q},{m}",
            ImportOptions(symbol="BTCUSD"),
        ),
    ],
    "CryptoCompare": [
        Example("time,open,high,low,close,volumefrom,volumeto", "{s},{o},{h},{l},{c},{v},{q}"),
    ],
    "Polygon flat file": [
        Example(
            "ticker,volume,open,close,high,low,window_start,transactions",
            "AAAUSDT,{v},{o},{c},{h},{l},{ns},9",
        ),
    ],
    "Databento": [
        Example(
            "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol",
            "{iso}.000000000Z,33,1,7,{o},{h},{l},{c},{v},AAAUSDT",
        ),
    ],
    "Nautilus bars": [
        Example(
            "open,high,low,close,volume,ts_event",
            "{o},{h},{l},{c},{v},{ns}",
            container="Parquet",
        ),
    ],
    "MetaTrader 5": [
        Example(
            "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
            "{dot}\t{clock}:00\t{o}\t{h}\t{l}\t{c}\t5\t{v}\t1",
            UTC_TIMES,
        ),
    ],
    "MetaTrader 5 rates": [
        Example(
            "time,open,high,low,close,tick_volume,spread,real_volume",
            "{s},{o},{h},{l},{c},5,1,{v}",
            UTC_TIMES,
        ),
    ],
    "yfinance": [
        Example(
            "Price,Close,High,Low,Open,Volume\nTicker,A,A,A,A,A\nDatetime,,,,,",
            "{iso}+00:00,{c},{h},{l},{o},{v}",
            ImportOptions(symbol="A"),
        ),
        Example("Datetime,Open,High,Low,Close,Adj Close,Volume", "{iso}Z,{o},{h},{l},{c},{m},{v}"),
    ],
    "freqtrade": [
        Example("date,open,high,low,close,volume", "{t},{o},{h},{l},{c},{v}", container="Feather"),
        Example("date,open,high,low,close,volume", "{t},{o},{h},{l},{c},{v}", container="Parquet"),
    ],
    "Dukascopy": [
        Example("Gmt time,Open,High,Low,Close,Volume", "{day} {clock}:00.000,{o},{h},{l},{c},{v}"),
    ],
    "volumes named by currency": [
        Example("time,open,high,low,close,Volume AAA,Volume USDT", "{s},{o},{h},{l},{c},{v},{q}"),
    ],
    "pandas with an unnamed index": [
        Example(",open,high,low,close,volume", "{iso}+00:00,{o},{h},{l},{c},{v}"),
    ],
    "columns by name": [
        Example("timestamp,open,high,low,close,volume", "{t},{o},{h},{l},{c},{v}"),
        Example("time_ns;open;high;low;close;volume;trades", "{ns};{o};{h};{l};{c};{v};9"),
        Example("datetime,open,high,low,close,volume", "{slash},{o},{h},{l},{c},{v}", UTC_TIMES),
        Example("# a comment\ndate,o,h,l,c,v", "{iso} UTC, {o}, {h}, {l}, {c}, {v}"),
    ],
}

_CANDLE = Candle(ms=FIRST_MS, open=100.0, high=101.5, low=99.25, close=100.5, volume=2.0)


def table() -> str:
    """The rows of the page, in the order in which formats are tried."""
    rows = ["| format | how it starts | note |", "|---|---|---|"]
    for form in FORMATS:
        example = EXAMPLES[form.name][0]
        lines = [*example.header.split("\n"), example.row.format(**fields(_CANDLE))]
        start = " ⏎ ".join(filter(None, lines)).replace("\t", " ")
        cells = (form.name, f"`{start}`", _note(form.note, example))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _note(note: str, example: Example) -> str:
    options = [
        name
        for name, is_needed in (
            ("`--timezone`", example.asked.timezone),
            ("`--zero-volume`", example.asked.zero_volume),
        )
        if is_needed
    ]
    needs = f"needs {' and '.join(options)}" if options else ""
    container = "" if example.container == "CSV" else example.container
    return "; ".join(filter(None, (container, needs, note)))


def page(text: str) -> str:
    """The page with the table of today."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
