"""Builders of stored minutes."""

import itertools

import numpy as np

from backtest.adapters.candles.table import Minutes
from backtest.types import MINUTE_MS, Instrument

MIDNIGHT_MS = 1_704_067_200_000
_numbers = itertools.count()


def a_new_instrument() -> Instrument:
    """One that no other test has stored anything for."""
    return Instrument(market_id=1, symbol=f"TEST{next(_numbers)}USDT")


def minutes(closes: str, *, first_ms: int = MIDNIGHT_MS, **columns: str) -> Minutes:
    """`minutes("1 2 nan", high="3 3 3")`: one minute each; prices default to the close, volume 1.

    `-` leaves a minute out.
    """
    words = {"close": closes.split()} | {name: text.split() for name, text in columns.items()}
    is_there = np.array([word != "-" for word in words["close"]])
    values = {
        name: np.array([float(word) for word, there in zip(row, is_there, strict=True) if there])
        for name, row in words.items()
    }
    ts_open = first_ms + MINUTE_MS * np.flatnonzero(is_there)
    filled = {name: values.get(name, values["close"]) for name in ("open", "high", "low", "close")}
    filled["volume_base"] = values.get("volume", np.ones(len(ts_open)))
    return Minutes(ts_open=ts_open.astype(np.int64), columns=filled)


def random_minutes(n: int, seed: int = 1, *, first_ms: int = MIDNIGHT_MS) -> Minutes:
    """Prices and volumes with full mantissas, so that any other order of a sum shows."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, n)))
    columns = {
        "open": close * rng.uniform(0.999, 1.001, n),
        "high": close * 1.002,
        "low": close * 0.998,
        "close": close,
        "volume_base": rng.lognormal(0, 3, n),
    }
    return Minutes(ts_open=first_ms + MINUTE_MS * np.arange(n, dtype=np.int64), columns=columns)


def in_order(given: Minutes, order: np.ndarray) -> Minutes:
    columns = {name: column[order] for name, column in given.columns.items()}
    return Minutes(ts_open=given.ts_open[order], columns=columns)
