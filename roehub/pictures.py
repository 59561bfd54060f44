"""Pictures of a result.

See: docs/python.md
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from typing import TYPE_CHECKING

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure, FigureBase

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from roehub.result import Result


def overview(result: "Result") -> Figure:
    """The best variant's equity and drawdown, beside the returns of all that were returned.

    See: docs/python.md
    """
    figure = _figure(11)
    left, right = list(figure.subfigures(1, 2, squeeze=False, width_ratios=(2, 1)).flat)
    _equity(left, result, 0)
    beside: Axes = right.subplots()
    returns = result.variants["total_return_pct"]
    beside.hist(returns, bins=min(40, max(5, len(returns) // 3)))
    beside.axvline(returns.iloc[0], linestyle="--", color="black", label="best")
    beside.set(title="Returned variants", xlabel="Total return, %", ylabel="variants")
    beside.legend()
    return figure


def equity(result: "Result", place: int) -> Figure:
    """Equity of a variant over its drawdown.

    See: docs/python.md
    """
    figure = _figure(9)
    _equity(figure, result, place)
    return figure


def surface(frame: pd.DataFrame, statistic: str) -> Figure:
    """A heat map of total returns over two axes.

    See: docs/landscape.md
    """
    figure = _figure(9)
    axes = figure.subplots()
    image = axes.imshow(frame.to_numpy(), aspect="auto", origin="lower", cmap="cividis")
    axes.set_xticks(range(frame.shape[1]), [str(value) for value in frame.columns])
    axes.set_yticks(range(frame.shape[0]), [str(value) for value in frame.index])
    axes.set(xlabel=str(frame.columns.name), ylabel=str(frame.index.name))
    figure.colorbar(image, label=f"Total return, %, {statistic}")
    return figure


def _figure(width: float) -> Figure:
    """One that a notebook shows as the value of a cell, and not a second time as an open figure."""
    figure = plt.figure(figsize=(width, 5), layout="constrained")
    plt.close(figure)
    return figure


def _equity(figure: FigureBase, result: "Result", place: int) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    curve = result.equity(place)
    above.plot(curve.index, curve["equity"])
    name = result.answer["instrument_id"]["symbol"]
    above.set(title=f"{name} {result.answer['timeframe']}, variant {place}", ylabel="Equity, quote")
    below.fill_between(curve.index, -curve["drawdown_pct"].astype(float), 0.0, alpha=0.5)
    below.set(ylabel="Drawdown, %", xlabel="UTC")
