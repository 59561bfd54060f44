"""Which volume is the base volume, and whether it can be one.

Taking the quote volume or a number of contracts for the base volume goes unnoticed in every chart,
so that whatever cannot be told is refused. See: docs/candle-files.md
"""

import re
from dataclasses import dataclass, field

import numpy as np

from backtest.adapters.ingest.formats import Format
from backtest.adapters.ingest.names import currency_of
from backtest.adapters.ingest.options import ImportOptions
from backtest.adapters.ingest.sample import Sample, lie_within
from backtest.adapters.ingest.symbols import is_base, is_quote, quote_of
from backtest.types import FloatArray

_PRICES = ("open", "high", "low", "close")
_FEWEST_ROWS = 3
# A quote volume may be rounded, and that of a long candle be counted at another mean.
_LOWEST_WORTH, _HIGHEST_WORTH = 0.9, 1.1
_LARGEST_SPREAD = 0.03
_LEAST_SHARE = 0.05
_SCALED_PRICE = 1e9
_SCALED_FACTOR = 10_000
# Above these, nothing is traded in whole numbers of a currency.
_DEAREST = {
    **dict.fromkeys(("USD", "USDT", "USDC", "DAI", "EUR", "GBP"), 1e6),
    **dict.fromkeys(("BTC", "ETH", "BNB"), 1e3),
}
_LEAN_FACTOR = 100
_YAHOO_COIN = (
    "Yahoo counts the volume of coins in the quote currency; it is stored as it is, so that the"
    " base volume is too large by the price"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volumes:
    """Columns of `volume_base` and `volume_quote` where the names alone do not say."""

    places: dict[str, int] = field(default_factory=dict[str, int])
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def volumes_of(
    form: Format, sample: Sample, places: dict[str, int], asked: ImportOptions
) -> Volumes:
    """Find the volumes of a file by the rule of its format."""
    if form.volumes == "OKX":
        return _okx(sample, places)
    if form.volumes == "by currency":
        return _by_currency(sample, places, asked)
    if "volume_base" in places:
        is_worth = form.volumes == "Yahoo" and _is_yahoo_coin(sample, asked)
        return Volumes(notes=(_YAHOO_COIN,) if is_worth else ())
    if asked.zero_volume:
        return Volumes(notes=("there is no base volume; it is stored as 0",))
    seen = "only a quote volume" if "volume_quote" in places else "no volume"
    return Volumes(
        problems=(f"no column for volume_base: there is {seen}; pass --zero-volume to store 0",)
    )


def _okx(sample: Sample, places: dict[str, int]) -> Volumes:
    """`vol` counts coins on the spot market and contracts elsewhere, where `vol_ccy` has coins."""
    first, second = places.pop("vol"), places.pop("vol_ccy")
    quote = places.pop("vol_ccy_quote", None)
    if _is_spot(sample, places, second, quote):
        return Volumes(places={"volume_base": first, "volume_quote": second})
    found = {"volume_base": second} | ({} if quote is None else {"volume_quote": quote})
    return Volumes(
        places=found, notes=("vol counts contracts; the base volume is read from vol_ccy",)
    )


def _is_spot(sample: Sample, places: dict[str, int], ccy: int, quote: int | None) -> bool:
    if "symbol" in places:
        names = sample.texts(places["symbol"])
        return all(name.count("-") == 1 for name in names)
    return quote is None or bool(np.array_equal(sample.floats(ccy), sample.floats(quote)))


def _is_yahoo_coin(sample: Sample, asked: ImportOptions) -> bool:
    """`BTC-USD` is a coin; `BRK-B` is a stock, whose volume counts shares."""
    if sample.tickers:
        return re.fullmatch(r"[A-Z0-9]+-[A-Z]{3,4}", sample.tickers[0]) is not None
    return asked.symbol is not None and quote_of(asked.symbol) is not None


def _by_currency(sample: Sample, places: dict[str, int], asked: ImportOptions) -> Volumes:
    """`Volume BTC` is the base volume of BTCUSDT and the quote volume of ETHBTC."""
    names = sample.names or []
    found = {currency: i for i, name in enumerate(names) if (currency := currency_of(name))}
    symbol = _symbol(sample, places, asked)
    bases = [currency for currency in found if symbol and is_base(currency, symbol)]
    quotes = [currency for currency in found if symbol and is_quote(currency, symbol)]
    if len(bases) != 1 and len(found) == 1 and "volume_quote" in places and not quotes:
        bases = list(found)
    if len(bases) != 1 or bases == quotes:
        if asked.zero_volume:
            return Volumes(notes=("the base volume is not known; it is stored as 0",))
        return Volumes(
            problems=(
                (
                    f"no base volume: the symbol is {symbol or 'not given'}, the volumes are in"
                    f" {' and '.join(found)}; pass --zero-volume to store 0"
                ),
            )
        )
    rest = {"volume_quote": found[quotes[0]]} if len(quotes) == 1 and quotes != bases else {}
    return Volumes(
        places={"volume_base": found[bases[0]], **rest},
        notes=(f"the base volume is read from the one in {bases[0]}",),
    )


def _symbol(sample: Sample, places: dict[str, int], asked: ImportOptions) -> str | None:
    texts = sample.texts(places["symbol"]) if "symbol" in places else []
    return next((text for text in texts if asked.is_wanted(text)), asked.symbol)


def fault_of_volumes(
    base: FloatArray, quote: FloatArray, low: FloatArray, high: FloatArray
) -> str | None:
    """How a quote volume hangs together with the base volume other than by the price of its row.

    The base volume then counts contracts, or one of the columns is another one: Poloniex calls the
    quote volume `volume`, and inverse contracts are counted in dollars. Volumes that have nothing
    to do with each other prove nothing.

    Args:
        base: Shape (n_rows,), as are the others.
        quote: What was paid for it.
        low: Of the row's prices.
        high: Of the row's prices.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = quote / base
        is_other = (base > 0) & (quote > 0) & np.isfinite(ratio)
        n_traded = int(np.count_nonzero(is_other))
        is_other &= (ratio < low * _LOWEST_WORTH) | (ratio > high * _HIGHEST_WORTH)
    if np.count_nonzero(is_other) < max(_FEWEST_ROWS, _LEAST_SHARE * n_traded):
        return None
    base, quote, low, high = (each[is_other] for each in (base, quote, low, high))
    if min(len(np.unique(base)), len(np.unique(quote))) < _FEWEST_ROWS:
        return None
    if lie_within(base, quote, low, high):
        return "the base volume is the quote volume times the price: the two columns are swapped"
    ratio, price = quote / base, (low + high) / 2
    if not any(map(_is_constant, (ratio / price, ratio * price, ratio))):
        return None
    factor = float(np.median(ratio / price))
    return (
        f"the quote volume is {factor:.3g} times the base volume times the price: the base volume"
        " counts contracts or another currency, or one of them is not a volume"
    )


def _is_constant(factors: FloatArray) -> bool:
    """Around one number, over enough rows; prices within a row differ by less."""
    middle = float(np.median(factors))
    return bool(np.quantile(np.abs(factors / middle - 1), 0.9) < _LARGEST_SPREAD)


def scaled_prices(sample: Sample, places: dict[str, int], asked: ImportOptions) -> list[str]:
    """Whole numbers that no price can be are prices times a power of ten."""
    prices = np.concatenate([sample.floats(places[name]) for name in _PRICES])
    prices = prices[np.isfinite(prices)]
    if len(prices) == 0 or not np.all((prices == np.floor(prices)) & (prices < 2**62)):
        return []
    quote = quote_of(asked.symbol or "")
    factor = int(np.gcd.reduce(prices.astype(np.int64)))
    is_scaled = (
        (prices.max() >= _SCALED_PRICE and factor % _SCALED_FACTOR == 0)
        or np.median(prices) >= _DEAREST.get(quote or "", np.inf)
        or (factor % _LEAN_FACTOR == 0 and _is_lean(sample, places))
    )
    if not is_scaled:
        return []
    return [
        (
            f"prices such as {int(prices[0])} are whole numbers scaled by a power of ten; divide"
            " them in the file"
        )
    ]


def _is_lean(sample: Sample, places: dict[str, int]) -> bool:
    """Rows of QuantConnect's Lean, whose prices of shares are times 10 000: `20131001 00:00,…`."""
    if sample.raw_names or "time" not in places:
        return False
    texts = sample.texts(places["time"])
    return bool(texts) and all(re.fullmatch(r"\d{8} \d{2}:\d{2}", text) for text in texts)
