"""Bit rows of the rules as one number per bar."""

from collections.abc import Mapping
from itertools import product

import numpy as np

from backtest.axes import Scalar
from backtest.indicators.definition import Rule
from backtest.indicators.series import Series
from backtest.signals.plan import plan_rule
from backtest.signals.rules import WORD_BITS, RuleReader
from backtest.types import FloatArray, SignalArray

Setting = dict[str, Scalar]


def signals_of(
    rule: Rule,
    series: Series,
    outputs: tuple[FloatArray, ...],
    target: tuple[int, int],
    axes: Mapping[str, tuple[Scalar, ...]],
    source: str | None = None,
) -> list[tuple[Setting, SignalArray]]:
    """1 long, -1 short, 0 neutral on the bars of the target, for every setting of the rule.

    Raises:
        AssertionError: A bar is long and short, or a bit beyond the target is set.
    """
    start, stop = target
    n_words = -(-(stop - start) // WORD_BITS)
    plan = plan_rule(rule, sorted(axes.items()))
    names = sorted(axes)
    every = product(*(axes[name] for name in names))
    chosen = [dict(zip(names, values, strict=True)) for values in every]
    assert len(plan) == len(chosen)
    rows = np.full((len(chosen), 2, n_words), ~np.uint64(0))
    backwards = np.arange(len(chosen))[::-1].copy()
    RuleReader(series, start, stop).write(plan, outputs, source, backwards, rows)
    bits = np.unpackbits(rows[::-1].copy().view(np.uint8), axis=-1, bitorder="little")
    assert not bits[:, :, stop - start :].any()
    assert not (bits[:, 0] & bits[:, 1]).any()
    signals = bits[:, 0].astype(np.int8) - bits[:, 1].astype(np.int8)
    return list(zip(chosen, signals[:, : stop - start], strict=True))
