"""The eight rule families: what makes a bar long or short.

See: docs/signals.md
"""

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np

from backtest.axes import Scalar
from backtest.indicators.definition import Rule, RuleFamily
from backtest.indicators.series import Series
from backtest.signals import bits
from backtest.signals.bits import ABOVE, AT_LEAST, AT_MOST, BELOW, MaskArray, NarrowArray
from backtest.types import FloatArray, WordArray

WORD_BITS = 64

Side = tuple[Hashable, Callable[[MaskArray], None]]


class RuleReader:
    """Turns primary outputs into bit rows over the target slice.

    One instance belongs to one thread. Candle series are narrowed to float32 once; conditions of
    the output under reading are remembered, so that a grid of thresholds packs each level once.

    Args:
        series: The candle series.
        start: First bar of the target slice.
        stop: The bar after its last one.
    """

    def __init__(self, series: Series, start: int, stop: int) -> None:
        self._series = series
        self._start, self._stop = start, stop
        self._n_words = (stop - start + WORD_BITS - 1) // WORD_BITS
        self._mask = np.zeros(self._n_words * WORD_BITS, np.uint8)
        self._scratch = np.zeros(stop - start, np.uint8)
        self._candles: dict[str, NarrowArray] = {}
        self._packed: dict[Hashable, WordArray] = {}

    def write(
        self,
        rule: Rule,
        outputs: tuple[FloatArray, ...],
        source: str | None,
        settings: Sequence[Mapping[str, Scalar]],
        out: WordArray,
    ) -> None:
        """Bit rows of one output for every setting of the rule's parameters.

        Args:
            rule: The rule.
            outputs: What it reads, each shape (n_bars,); one series, two for pivot events.
            source: The variant's source series, if it has a source axis.
            settings: Values of the rule's parameters, one mapping per row.
            out: Out, shape (n_settings, 2, n_words).
        """
        self._packed.clear()
        narrowed = tuple(self._narrow(output) for output in outputs)
        price = self._price(rule, source)
        for row, setting in zip(out, settings, strict=True):
            long, short = self._sides(rule, narrowed, price, setting)
            bits.neutralise(self._pack(long), self._pack(short), row)

    def _sides(
        self,
        rule: Rule,
        outputs: tuple[NarrowArray, ...],
        price: NarrowArray,
        setting: Mapping[str, Scalar],
    ) -> tuple[Side, Side]:
        y = self._target(outputs[0])
        match rule.family:
            case RuleFamily.COMPARE_PRICE | RuleFamily.COMPARE_VOLUME:
                above: Side = ("above", lambda out: bits.greater(price, y, out))
                below: Side = ("below", lambda out: bits.greater(y, price, out))
                return (below, above) if rule.invert else (above, below)
            case RuleFamily.THRESHOLD_BAND:
                return self._band(y, setting)
            case RuleFamily.THRESHOLD_CENTERED:
                distance = float(setting["abs_threshold"])
                return self._level(y, 1.0 + distance, ABOVE), self._level(y, 1.0 - distance, BELOW)
            case RuleFamily.SIGN:
                return self._level(y, 0.0, ABOVE), self._level(y, 0.0, BELOW)
            case RuleFamily.DELTA_SIGN:
                return (
                    self._delta(outputs[0], int(setting["long_delta_periods"]), rises=True),
                    self._delta(outputs[0], int(setting["short_delta_periods"]), rises=False),
                )
            case RuleFamily.CANDLE_BODY:
                least = float(setting[rule.params[0].name])
                return self._body(y, least, "close", "open"), self._body(y, least, "open", "close")
            case RuleFamily.PIVOT_EVENTS:
                high = self._target(outputs[1])
                return (
                    ("low", lambda out: bits.finite(y, out)),
                    ("high", lambda out: bits.finite(high, out)),
                )

    def _band(self, y: NarrowArray, setting: Mapping[str, Scalar]) -> tuple[Side, Side]:
        long, short = float(setting["long_threshold"]), float(setting["short_threshold"])
        if long <= short:
            return self._level(y, long, AT_MOST), self._level(y, short, AT_LEAST)
        return self._level(y, long, AT_LEAST), self._level(y, short, AT_MOST)

    def _level(self, y: NarrowArray, level: float, comparison: int) -> Side:
        narrowed = np.float32(level)
        return (
            (comparison, level),
            lambda out: bits.against_level(y, narrowed, comparison, out),  # pyright: ignore[reportArgumentType]
        )

    def _delta(self, output: NarrowArray, periods: int, *, rises: bool) -> Side:
        shift = abs(periods)
        first = max(self._start, shift)

        def write(out: MaskArray) -> None:
            out[:] = 0
            if first >= self._stop:
                return
            now = output[first : self._stop]
            before = output[first - shift : self._stop - shift]
            late = out[first - self._start :]
            if rises:
                bits.greater(now, before, late)
            else:
                bits.greater(before, now, late)

        return ("delta", shift, rises), write

    def _body(self, y: NarrowArray, least: float, upper: str, lower: str) -> Side:
        level = np.float32(least)

        def write(out: MaskArray) -> None:
            bits.against_level(y, level, AT_LEAST, self._scratch)  # pyright: ignore[reportArgumentType]
            bits.greater(self._target(self._candle(upper)), self._target(self._candle(lower)), out)
            out &= self._scratch

        return ("body", least, upper), write

    def _pack(self, side: Side) -> WordArray:
        key, write = side
        found = self._packed.get(key)
        if found is None:
            write(self._mask[: self._stop - self._start])
            found = np.empty(self._n_words, np.uint64)
            bits.pack(self._mask.view(np.uint64), found)
            self._packed[key] = found
        return found

    def _price(self, rule: Rule, source: str | None) -> NarrowArray:
        name = source if rule.price == "source" and source is not None else rule.price
        return self._target(self._candle("close" if name == "source" else name))

    def _candle(self, name: str) -> NarrowArray:
        found = self._candles.get(name)
        if found is None:
            found = self._candles[name] = self._narrow(self._series[name])
        return found

    def _narrow(self, values: FloatArray) -> NarrowArray:
        out = np.empty(len(values), np.float32)
        bits.narrow(values, out)
        return out

    def _target(self, values: NarrowArray) -> NarrowArray:
        return values[self._start : self._stop]
