"""When two ways to compute an indicator agree, and the golden vectors that both must meet."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from backtest.indicators.catalog import INDICATORS
from backtest.indicators.series import Series
from backtest.types import FloatArray

GOLDEN = Path(__file__).parents[1] / "golden"


def assert_same(
    ours: FloatArray, theirs: Sequence[float] | FloatArray, *, atol: float, rtol: float = 1e-12
) -> None:
    """NaN at the same bars, no infinity, and values within the tolerance."""
    assert ours.dtype == np.float64
    assert not np.any(np.isinf(ours))
    np.testing.assert_allclose(ours, theirs, atol=atol, rtol=rtol, equal_nan=True)


def golden_entries() -> list[dict[str, Any]]:
    """What the index says about the vectors."""
    text = (GOLDEN / "indicators_index.json").read_text(encoding="utf-8")
    return json.loads(text)["entries"]


@cache
def golden_vectors() -> dict[str, FloatArray]:
    with np.load(GOLDEN / "indicators.npz") as vectors:
        return dict(vectors)


def golden_series() -> Series:
    names = ("close", "high", "low", "volume", "open")
    rows = {name: golden_vectors()[f"candles__{name}"] for name in names}
    o, h, low, c = (rows[name] for name in ("open", "high", "low", "close"))
    rows |= {"hl2": (h + low) / 2, "hlc3": (h + low + c) / 3, "ohlc4": (o + h + low + c) / 4}
    return Series(rows)


def assert_meets_golden(entry: dict[str, Any]) -> None:
    indicator = INDICATORS[entry["id"]]
    known = {**entry["params"], "source": entry["source"]}
    settings = {axis: known[axis] for axis in indicator.primary_axes}

    ours = indicator.compute(golden_series(), **settings)

    assert_same(ours, golden_vectors()[entry["key"]], atol=entry["atol"], rtol=entry["rtol"])
