"""What a market id stands for."""

from typing import Literal

from backtest.types import Instrument

MarketType = Literal["spot", "futures"]

_MARKETS: dict[int, tuple[str, MarketType]] = {
    1: ("binance", "spot"),
    2: ("binance", "futures"),
    3: ("bybit", "spot"),
    4: ("bybit", "futures"),
}


def market_type(market_id: int) -> MarketType:
    """Whether the market trades coins or contracts; an unknown market counts as spot."""
    return _MARKETS[market_id][1] if market_id in _MARKETS else "spot"


def instrument_key(instrument: Instrument) -> str:
    """`exchange:market_type:symbol`; an unknown market is its own exchange, `market7`."""
    fallback = f"market{instrument.market_id}"
    exchange = _MARKETS.get(instrument.market_id, (fallback, "spot"))[0]
    return f"{exchange}:{market_type(instrument.market_id)}:{instrument.symbol}"


def market_id_of(name: str) -> int:
    """The id of `exchange:market_type`, for example `binance:spot`.

    Raises:
        ValueError: Nothing has that name; the message lists those that have one.
    """
    ids = {":".join(market): market_id for market_id, market in _MARKETS.items()}
    if name.lower() not in ids:
        raise ValueError(f"no market is called {name!r}; there are {', '.join(ids)}")
    return ids[name.lower()]
