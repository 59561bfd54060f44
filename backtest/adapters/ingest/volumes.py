"""Which volume is the base volume, and whether it can be one.

Taking the quote volume or a number of contracts for the base volume goes unnoticed in every chart,
so that whatever cannot be told is refused. See: docs/candle-files.md
"""

from dataclasses import dataclass, field

import numpy as np

from backtest.adapters.ingest.asked import Asked
from backtest.adapters.ingest.formats import Format
from backtest.adapters.ingest.names import currency_of
from backtest.adapters.ingest.sample import Sample
from backtest.adapters.ingest.symbols import is_base, is_quote
from backtest.types import FloatArray

_PRICES = ("open", "high", "low", "close")
_FEWEST_ROWS = 3
_SCALED_PRICE = 1e9
_SCALED_FACTOR = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Volumes:
    """Columns of `volume_base` and `volume_quote` where the names alone do not say."""

    places: dict[str, int] = field(default_factory=dict[str, int])
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def volumes_of(form: Format, sample: Sample, places: dict[str, int], asked: Asked) -> Volumes:
    """Find the volumes of a file by the rule of its format."""
    if form.volumes == "OKX":
        return _okx(sample, places)
    if form.volumes == "by currency":
        return _by_currency(sample, places, asked)
    if "volume_base" in places:
        return Volumes()
    if asked.zero_volume:
        return Volumes(notes=("there is no base volume; it is stored as 0",))
    seen = "only a quote volume" if "volume_quote" in places else "no volume"
    return Volumes(
        problems=(f"no column for volume_base: there is {seen}; say --zero-volume to store 0",)
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


def _by_currency(sample: Sample, places: dict[str, int], asked: Asked) -> Volumes:
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
                    f" {' and '.join(found)}; say --zero-volume to store 0"
                ),
            )
        )
    rest = {"volume_quote": found[quotes[0]]} if len(quotes) == 1 and quotes != bases else {}
    return Volumes(
        places={"volume_base": found[bases[0]], **rest},
        notes=(f"the base volume is read from the one in {bases[0]}",),
    )


def _symbol(sample: Sample, places: dict[str, int], asked: Asked) -> str | None:
    texts = sample.texts(places["symbol"]) if "symbol" in places else []
    return next((text for text in texts if asked.is_wanted(text)), asked.symbol)


def volume_fault(sample: Sample, places: dict[str, int]) -> list[str]:
    """A constant factor between base volume times price and quote volume is a contract's size."""
    if not {"volume_base", "volume_quote"} <= places.keys():
        return []
    base, quote = (sample.floats(places[name]) for name in ("volume_base", "volume_quote"))
    price = (sample.floats(places["high"]) + sample.floats(places["low"])) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = quote / (base * price)
    factors = factors[np.isfinite(factors) & (factors > 0)]
    if len(np.unique(base[base > 0])) < _FEWEST_ROWS or not _is_constant(factors):
        return []
    factor = float(np.median(factors))
    return [
        (
            f"volume_quote is {factor:.3g} times volume_base times the price on every row: the base"
            " volume counts contracts or another currency; multiply it in the file"
        )
    ]


def _is_constant(factors: FloatArray) -> bool:
    """Around one number far from 1, over enough rows; prices within a row differ by less."""
    if len(factors) < _FEWEST_ROWS:
        return False
    middle = float(np.median(factors))
    spread = np.quantile(np.abs(factors / middle - 1), 0.9)
    return bool(spread < 0.03) and not 0.9 < middle < 1.1


def scaled_prices(sample: Sample, places: dict[str, int]) -> list[str]:
    """Integers that all end in many zeros are prices times a power of ten."""
    prices = np.concatenate([sample.floats(places[name]) for name in _PRICES])
    prices = prices[np.isfinite(prices)]
    is_whole = len(prices) > 0 and bool(np.all((prices == np.floor(prices)) & (prices < 2**62)))
    if not is_whole or prices.max() < _SCALED_PRICE:
        return []
    if int(np.gcd.reduce(prices.astype(np.int64))) % _SCALED_FACTOR:
        return []
    return [
        (
            f"prices such as {int(prices[0])} are whole numbers scaled by a power of ten; divide"
            " them in the file"
        )
    ]
