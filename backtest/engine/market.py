"""What every kernel of a run reads: prices of the target slice and the terms of the account."""

from dataclasses import dataclass

import numpy as np

from backtest.engine.account import BUDGET_CAP, LOCK_RATE, account_terms
from backtest.engine.bitops import words_for
from backtest.engine.drawdown import range_tables
from backtest.engine.passage import PassageArray, passage_tables
from backtest.engine.score import trade_coefficients
from backtest.result import RunSettings
from backtest.types import Bars, DirectionMode, FloatArray, WordArray

ALLOWED = np.uint64(0xFFFFFFFFFFFFFFFF)
FORBIDDEN = np.uint64(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Closes of the target slice, shape (n_bars,), what follows from them, and the account.

    `padded` repeats the last close once, shape (n_bars + 1,), and `inverse` is `1 / padded`: the
    edge after the last bar of a signal that never ends then needs no special case. `windows` and
    `blocks` are `range_tables`, and `never` is a passage table of one level that is never reached.
    """

    close: FloatArray
    padded: FloatArray
    inverse: FloatArray
    windows: FloatArray
    blocks: FloatArray
    terms: FloatArray
    factors: FloatArray
    side_masks: WordArray
    never: PassageArray

    @classmethod
    def of(cls, bars: Bars, settings: RunSettings) -> "Market":
        """The market of a run."""
        close = np.ascontiguousarray(bars.close[bars.target_start : bars.target_stop])
        padded = np.append(close, close[-1:])
        windows, blocks = range_tables(close)
        terms = account_terms(settings.execution, settings.sizing_mode)
        longs = settings.direction_mode is not DirectionMode.SHORT_ONLY
        shorts = settings.direction_mode is not DirectionMode.LONG_ONLY
        return cls(
            close=close,
            padded=padded,
            inverse=1.0 / padded,
            windows=windows,
            blocks=blocks,
            terms=terms,
            factors=trade_coefficients(terms),
            side_masks=np.array([ALLOWED if allowed else FORBIDDEN for allowed in (longs, shorts)]),
            never=passage_tables(close, terms, None, is_stop=True),
        )

    @property
    def n_bars(self) -> int:
        """Bars of the target slice."""
        return len(self.close)

    @property
    def n_words(self) -> int:
        """Words of a bit row."""
        return words_for(self.n_bars)

    @property
    def compounds(self) -> bool:
        """Whether every entry takes the whole balance and nothing is put aside."""
        return bool(np.isinf(self.terms[BUDGET_CAP])) and self.terms[LOCK_RATE] == 0.0
