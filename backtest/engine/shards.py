"""One large run on several machines: which parts its grid is cut into, and who looks through them.

A shard is a range of outer combos. Each machine makes the bit rows for itself, scores the range and
answers with its candidates, and with the growth of everything in it where somebody wants a ledger.
Candidates of all shards are merged in any order to the same candidates (`slabs`), and growth has
its place in the ledger, whoever comes first. See: docs/scale.md#one-large-run
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Protocol

from backtest.control import Control
from backtest.engine.blocks.ledger import N_BLOCKS, Grown
from backtest.engine.pipeline.slabs import Candidates, merge
from backtest.request import RunRequest, Template
from backtest.types import Bars

# The growth of a shard, which is held whole where it is made, on its way and where it arrives.
GROWTH_BYTES_OF_SHARD = 64 << 20

Keep = Callable[[Grown], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A part of the grid of a run.

    `template` is the request's own or the saved one; `outer` are the outer combos, from the first
    to beyond the last; `n_kept` is how many base variants of the whole grid are wanted.
    `with_ledger` tells that somebody wants the growth of all that is scored.

    See: docs/scale.md#one-large-run
    """

    request: RunRequest
    template: Template
    outer: tuple[int, int]
    n_kept: int
    with_ledger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is in a shard: whoever may be among the best, and what everybody grew by, if wanted.

    See: docs/scale.md#one-large-run
    """

    candidates: Candidates
    grown: Grown | None = None


class Machines(Protocol):
    """Whoever looks through the shards of a run.

    See: docs/scale.md#one-large-run (bff/runner/cluster/peers.py)
    """

    def n_shards(self, effort_s: float) -> int:
        """Into how many shards a run of so many processor seconds is best cut; 1 for none."""
        ...

    def look(self, shards: list[Shard], bars: Bars, control: Control) -> Generator[Found]:
        """What is in each of the shards, in any order; closing it cancels the others.

        Raises:
            BacktestError: The control's end, or no machine is left.
        """
        ...


def gathered(found: Iterable[Found], n_kept: int, keep: Keep | None) -> Candidates:
    """The candidates of all shards, of which there is at least one; `keep` is handed their growth.

    See: docs/scale.md#one-large-run
    """

    def candidates(one: Found) -> Candidates:
        if keep is not None:
            assert one.grown is not None
            keep(one.grown)
        return one.candidates

    return reduce(lambda a, b: merge(a, b, n_kept), map(candidates, found))


def cut_outer(n_outer: int, n_shards: int) -> list[tuple[int, int]]:
    """Ranges that cover all outer combos in order, as even as they can be, none of them empty.

    See: docs/scale.md#one-large-run
    """
    n_shards = max(1, min(n_shards, n_outer))
    firsts = [n_outer * shard // n_shards for shard in range(n_shards + 1)]
    return list(pairwise(firsts))


def shards_for_growth(n_combos: int) -> int:
    """Into how many shards combos are cut at least, for the growth of each to be held at once.

    See: docs/scale.md#one-large-run
    """
    return -(-n_combos * (4 * N_BLOCKS + 1) // GROWTH_BYTES_OF_SHARD)
