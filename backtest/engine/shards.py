"""One large run on several machines: which parts its grid is cut into, and who looks through them.

A shard is a range of outer combos. Each machine makes the bit rows for itself, scores the range and
answers with its candidates; those of all shards are merged in any order to the same candidates
(`slabs`). See: docs/scale.md#one-large-run
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from backtest.control import Control
from backtest.engine.slabs import Candidates
from backtest.request import RunRequest, Template
from backtest.types import Bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A part of the grid of a run.

    `template` is the request's own or the saved one; `outer` are the outer combos, from the first
    to beyond the last; `n_kept` is how many base variants of the whole grid are wanted.

    See: docs/scale.md#one-large-run
    """

    request: RunRequest
    template: Template
    outer: tuple[int, int]
    n_kept: int


class Machines(Protocol):
    """Whoever looks through the shards of a run."""

    def n_shards(self, effort_s: float) -> int:
        """Into how many shards a run of so many processor seconds is best cut; 1 for none."""
        ...

    def look(self, shards: list[Shard], bars: Bars, control: Control) -> Candidates:
        """The merged candidates of all shards.

        Raises:
            BacktestError: The control's end, or no machine is left.
        """
        ...


def cut_outer(n_outer: int, n_shards: int) -> list[tuple[int, int]]:
    """Ranges that cover all outer combos in order, as even as they can be, none of them empty.

    See: docs/scale.md#one-large-run
    """
    n_shards = max(1, min(n_shards, n_outer))
    firsts = [n_outer * shard // n_shards for shard in range(n_shards + 1)]
    return list(pairwise(firsts))
