"""Stage A in slabs, so that its memory does not grow with the grid.

A slab is a range of outer combos with some fast rows. Its scores live until they are cut: what may
still be among the best stays, as candidates. Candidates of slabs are merged in any order and
grouping, on one machine or several, to the same candidates.

See: docs/scoring.md#slabs
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from backtest.engine.pipeline.shortlist import Margin, cut
from backtest.engine.scoring.score_pairs import MOST_SLOW
from backtest.engine.signal_rows.combos import Batch, Combos
from backtest.engine.workers.chunks import spans
from backtest.types import FloatArray, IntArray, WordArray

# Scores of a slab take 8 MiB.
SLAB_COMBOS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Slab:
    """Outer combos `low` to `high`, each with fast rows from `first` on.

    `rows`, shape (n_fast_rows, 2, n_words), are their bit rows. A place in a slab is
    `(outer - low) * len(rows) + (fast - first)`.

    See: docs/scoring.md#slabs
    """

    combos: Combos
    low: int
    high: int
    first: int
    rows: WordArray

    @property
    def n_combos(self) -> int:
        """Combos in the slab."""
        return (self.high - self.low) * len(self.rows)

    @property
    def slow_ids(self) -> IntArray:
        """Slow rows of its outer combos, shape (high - low, n_slow)."""
        return self.combos.slow_ids(np.arange(self.low, self.high))

    def numbers(self, places: IntArray) -> IntArray:
        """Combos at places of the slab."""
        outer, fast = np.divmod(places, len(self.rows))
        return (self.low + outer) * self.combos.n_fast + self.first + fast

    def batch(self, places: IntArray) -> Batch:
        """What is at some places, with its rows."""
        outer, fast = np.divmod(places, len(self.rows))
        return Batch(np.arange(len(places)), self.slow_ids[outer], fast, self.rows)


def slabs_of(combos: Combos, outer: tuple[int, int] | None = None) -> Iterator[Slab]:
    """All combos, or those of outer ones from `outer[0]` to `outer[1]`, in slabs.

    A block of fast rows is made once and serves all outer combos. A slab is so narrow that it has
    many of these, which share the tables of its rows.

    See: docs/scoring.md#slabs
    """
    low, high = outer or (0, combos.n_outer)
    for first, rows in combos.fast_blocks():
        for left, right in spans(len(rows), max(1, SLAB_COMBOS // MOST_SLOW)):
            for start, stop in spans(high - low, max(1, SLAB_COMBOS // (right - left))):
                yield Slab(
                    combos=combos,
                    low=low + start,
                    high=low + stop,
                    first=first + left,
                    rows=rows[left:right],
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Base variants that may be among the best of those looked at so far.

    Attributes:
        bases: Shape (n,) int64, ascending.
        columns: Shape (n_columns, n), what orders them, smaller is better, the first column
            first: minus the fast score, or exact numbers.
        margin: How far the first column may be off.

    See: docs/scoring.md#slabs
    """

    bases: IntArray
    columns: FloatArray
    margin: Margin

    @classmethod
    def none(cls, n_columns: int, margin: Margin) -> "Candidates":
        """Before anybody was looked at."""
        return cls(bases=np.empty(0, np.int64), columns=np.empty((n_columns, 0)), margin=margin)

    def __len__(self) -> int:
        return len(self.bases)

    def at(self, places: IntArray) -> "Candidates":
        """Some of them, by ascending places."""
        return Candidates(
            bases=self.bases[places], columns=self.columns[:, places], margin=self.margin
        )

    def ceiling(self, n_kept: int) -> float:
        """Whoever has more in the first column is behind `n_kept` of these, margin included."""
        if len(self) < n_kept:
            return np.inf
        worst = np.partition(self.columns[0], n_kept - 1)[n_kept - 1]
        return self.margin.beyond(float(worst))


def merge(a: Candidates, b: Candidates, n_kept: int) -> Candidates:
    """Candidates of two disjoint sets of variants, for the best `n_kept` of both.

    Associative and commutative to the bit: a cut of cuts is the cut of everything.

    See: docs/scoring.md#slabs
    """
    bases = np.concatenate((a.bases, b.bases))
    columns = np.concatenate((a.columns, b.columns), axis=1)
    kept = cut(columns, n_kept, a.margin)
    order = kept[np.argsort(bases[kept])]
    return Candidates(bases=bases[order], columns=columns[:, order], margin=a.margin)
