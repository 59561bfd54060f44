"""The target slice as kernels read it: prices, the terms of the account, the allowed sides.

See: docs/fills.md
"""

from dataclasses import dataclass

import numpy as np

from backtest.engine.bits.bitops import words_for
from backtest.engine.money.account import Terms, account_terms
from backtest.engine.money.daily import Measures, daily_measures
from backtest.engine.money.passage import Passages, passage_table
from backtest.engine.money.prices import Prices, prices_of
from backtest.policy import RunSettings
from backtest.types import Bars, DirectionMode, WordArray

ALLOWED = np.uint64(0xFFFFFFFFFFFFFFFF)
FORBIDDEN = np.uint64(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSlice:
    """The bars of a run that trade and count, and the rules by which they do.

    `side_masks`, shape (2,), are all ones for a side that may be entered. `never` has one level of
    each kind, which is never reached. `days` measures the daily numbers and no drawdown.

    See: docs/fills.md
    """

    prices: Prices
    terms: Terms
    side_masks: WordArray
    never: Passages
    days: Measures

    @classmethod
    def of(cls, bars: Bars, settings: RunSettings) -> "TargetSlice":
        """The target slice of a run."""
        prices = prices_of(bars.close[bars.target_start : bars.target_stop])
        terms = account_terms(settings.execution, settings.sizing_mode)
        longs = settings.direction_mode is not DirectionMode.SHORT_ONLY
        shorts = settings.direction_mode is not DirectionMode.LONG_ONLY
        never = passage_table(prices.close, terms, None, is_stop=True)
        return cls(
            prices=prices,
            terms=terms,
            side_masks=np.array([ALLOWED if allowed else FORBIDDEN for allowed in (longs, shorts)]),
            never=Passages(never, never),
            days=daily_measures(
                bars.ts_close[bars.target_start : bars.target_stop], bars.timeframe.ms
            ),
        )

    @property
    def n_bars(self) -> int:
        """Bars of the target slice."""
        return len(self.prices.close)

    @property
    def n_words(self) -> int:
        """Words of a bit row."""
        return words_for(self.n_bars)
