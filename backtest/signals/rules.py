"""From the outputs of an indicator to bit rows, by the plan of its rule.

See: docs/signals.md
"""

import numpy as np

from backtest.indicators.series import Series
from backtest.signals import bits
from backtest.signals.bits import MaskArray, NarrowArray
from backtest.signals.plan import ComparisonKind, Condition, RulePlan
from backtest.types import FloatArray, IntArray, WordArray

WORD_BITS = 64
# The most that one addition is off, as a part of the sum.
ADDITION = 2.0**-53


class RuleReader:
    """Turns primary outputs into bit rows over the target slice.

    One instance belongs to one thread. Candle series are narrowed to float32 once.

    Args:
        series: The candle series.
        start: First bar of the target slice.
        stop: The bar after its last one.

    See: docs/signals.md
    """

    def __init__(self, series: Series, start: int, stop: int) -> None:
        self._series = series
        self._start, self._stop = start, stop
        self._n_words = (stop - start + WORD_BITS - 1) // WORD_BITS
        self._mask = np.zeros(self._n_words * WORD_BITS, np.uint8)
        self._scratch = np.zeros(stop - start, np.uint8)
        self._candles: dict[str, NarrowArray] = {}

    def write(
        self,
        plan: RulePlan,
        outputs: tuple[FloatArray, ...],
        source: str | None,
        settings: IntArray,
        out: WordArray,
    ) -> None:
        """Bit rows of one output for some settings of the rule's parameters.

        Args:
            plan: The plan of the rule.
            outputs: What it reads, each shape (n_bars,); one series, two for pivot events.
            source: The variant's source series, if it has a source axis.
            settings: Shape (n,), positions in the plan.
            out: Out, shape (n, 2, n_words); a bar that is both long and short is neither.
        """
        narrowed = tuple(self._narrow(output) for output in outputs)
        # of a running sum only the differences mean something, and its level takes their digits
        total = outputs[0] if plan.rule.on_sum else None
        longs, shorts = plan.longs[settings], plan.shorts[settings]
        wanted, inverse = np.unique(np.concatenate((longs, shorts)), return_inverse=True)
        price_name = self._price_name(plan, source)
        packed = np.empty((len(wanted), self._n_words), np.uint64)
        for place in range(len(wanted)):
            self._mark(plan.conditions[int(wanted[place])], narrowed, price_name, total)
            bits.pack(self._mask.view(np.uint64), packed[place])
        bits.neutralise(packed, inverse[: len(longs)], inverse[len(longs) :], out)

    def _mark(
        self,
        condition: Condition,
        outputs: tuple[NarrowArray, ...],
        price_name: str,
        total: FloatArray | None,
    ) -> None:
        """Set the mask where a condition holds."""
        out = self._mask[: self._stop - self._start]
        y = self._target(outputs[0])
        match condition.comparison:
            case ComparisonKind.PRICE_ABOVE:
                bits.greater(self._candle(price_name), y, out)
            case ComparisonKind.PRICE_BELOW:
                bits.greater(y, self._candle(price_name), out)
            case ComparisonKind.RISEN | ComparisonKind.FALLEN:
                self._mark_moved(condition, outputs[0], total, out)
            case ComparisonKind.BODY_UP:
                self._mark_body(y, condition.number, "close", "open", out)
            case ComparisonKind.BODY_DOWN:
                self._mark_body(y, condition.number, "open", "close", out)
            case ComparisonKind.FIRST_IS_FINITE | ComparisonKind.SECOND_IS_FINITE:
                which = condition.comparison - ComparisonKind.FIRST_IS_FINITE
                bits.finite(self._target(outputs[which]), out)
            case level_comparison:
                bits.against_level(y, condition.number, int(level_comparison), out)

    def _mark_moved(
        self, condition: Condition, output: NarrowArray, total: FloatArray | None, out: MaskArray
    ) -> None:
        """Against the value some bars ago; false where there is none yet."""
        shift = int(condition.number)
        first = max(self._start, shift)
        out[:] = 0
        if first >= self._stop:
            return
        upper, lower = slice(first, self._stop), slice(first - shift, self._stop - shift)
        if condition.comparison is ComparisonKind.FALLEN:
            upper, lower = lower, upper
        late = out[first - self._start :]
        if total is None:
            bits.greater(output[upper], output[lower], late)
        else:
            bits.greater_sum(total[upper], total[lower], shift * ADDITION, late)

    def _mark_body(
        self, y: NarrowArray, least: float, upper: str, lower: str, out: MaskArray
    ) -> None:
        bits.against_level(y, least, int(ComparisonKind.AT_LEAST_LEVEL), self._scratch)
        bits.greater(self._candle(upper), self._candle(lower), out)
        out &= self._scratch

    def _price_name(self, plan: RulePlan, source: str | None) -> str:
        if plan.rule.price != "source":
            return plan.rule.price
        return source or "close"

    def _candle(self, name: str) -> NarrowArray:
        """A candle series over the target slice, narrowed."""
        found = self._candles.get(name)
        if found is None:
            found = self._candles[name] = self._target(self._narrow(self._series[name]))
        return found

    def _narrow(self, values: FloatArray) -> NarrowArray:
        out = np.empty(len(values), np.float32)
        bits.narrow(values, out)
        return out

    def _target(self, values: NarrowArray) -> NarrowArray:
        return values[self._start : self._stop]
