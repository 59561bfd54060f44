"""What was met while the rows of a file were read, over all of its chunks."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from backtest.types import FloatArray, IntArray

_LARGEST_JUMP = 3.0


@dataclass(slots=True, kw_only=True)
class FileFacts:
    """What was met in a file, over all of its rows.

    `lengths` counts rows by how long their close time makes them, in microseconds. `labels` has
    some values of the columns `label` and `venue`, of the rows of the wanted symbol. `n_unnamed`
    rows of a column of symbols have none, and none has one before them. `n_alike` of `n_moving`
    candles repeat the one before, volume and all. `first_jump` has the line, the price before and
    the price after. `n_met` candles open nearer to the close before them than they close to the
    open before; of the others, `n_crossed_up` rise and `n_crossed_down` fall. `volume_fault` is
    what a chunk showed.
    """

    n_other_symbols: int = 0
    n_unnamed: int = 0
    n_unfinished: int = 0
    n_without_trade: int = 0
    n_floored: int = 0
    n_local: int = 0
    n_off_minute: int = 0
    n_headings: int = 0
    n_traded: int = 0
    n_moving: int = 0
    n_alike: int = 0
    n_jumps: int = 0
    n_met: int = 0
    n_crossed_up: int = 0
    n_crossed_down: int = 0
    first_jump: tuple[int, float, float] | None = None
    volume_fault: str | None = None
    symbols: set[str] = field(default_factory=set[str])
    labels: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    intervals: set[str] = field(default_factory=set[str])
    lengths: Counter[int] = field(default_factory=Counter[int])

    def count_alike(self, prices: dict[str, FloatArray]) -> None:
        """Count the candles that move, and those of them that repeat the one before."""
        is_moving = (prices["high"] > prices["low"]) & (prices["volume_base"] > 0)
        is_alike = np.logical_and.reduce([column[1:] == column[:-1] for column in prices.values()])
        self.n_moving += int(np.count_nonzero(is_moving[1:]))
        self.n_alike += int(np.count_nonzero(is_alike & is_moving[1:]))

    def count_jumps(self, lines: IntArray, prices: dict[str, FloatArray]) -> None:
        """Count the rows whose prices are far from all of the row before; keep the first's line."""
        low, high = prices["low"], prices["high"]
        is_up = low[1:] > _LARGEST_JUMP * high[:-1]
        is_down = high[1:] * _LARGEST_JUMP < low[:-1]
        jumps = np.flatnonzero((is_up | is_down) & (low[1:] > 0) & (low[:-1] > 0))
        self.n_jumps += len(jumps)
        if len(jumps) and self.first_jump is None:
            i = int(jumps[0])
            close, opened = float(prices["close"][i]), float(prices["open"][i + 1])
            self.first_jump = (int(lines[i + 1]), close, opened)

    def count_crossed(
        self, open_us: IntArray, prices: dict[str, FloatArray], length_us: int
    ) -> None:
        """Count the neighbours that meet at open and close, and those that do at close and open."""
        opened, close, steps = prices["open"], prices["close"], np.diff(open_us)
        nearer = np.abs(close[1:] - opened[:-1]) - np.abs(opened[1:] - close[:-1])
        nearer *= np.sign(steps)  # rows may run back in time
        is_next = np.abs(steps) == length_us
        is_crossed, body = is_next & (nearer < 0), (close - opened)[1:]
        self.n_met += int(np.count_nonzero(is_next & (nearer > 0)))
        self.n_crossed_up += int(np.count_nonzero(is_crossed & (body > 0)))
        self.n_crossed_down += int(np.count_nonzero(is_crossed & (body < 0)))

    @property
    def n_left_out(self) -> int:
        """Rows that are neither taken nor wrong."""
        others = self.n_other_symbols + self.n_headings
        return others + self.n_unfinished + self.n_without_trade
