"""Slow twins of the evidence, written from `docs/evidence.md` with fractions and plain loops."""

import hashlib
import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

Row = Sequence[int]
N_BLOCKS = 64
LEAST_DEVIATION = Fraction(9, 10)


def resample(seed: str, number: int) -> list[int]:
    """The 64 blocks of a resample."""
    drawn = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    return [(drawn[j] % 64 + step) % 64 for j in range(16) for step in range(4)]


def sum_and_spread(row: Row) -> tuple[int, Fraction]:
    """The sum, and the sum of squared deviations from the mean."""
    total = sum(row)
    return total, Fraction(len(row) * sum(one * one for one in row) - total * total, len(row))


def squared_luck(rows: Sequence[Row], blocks: Sequence[int]) -> Fraction:
    """Squared statistic of the best recentred row in one resample; 0 if none is above its mean."""
    best = Fraction(0)
    for row in rows:
        total, spread = sum_and_spread(row)
        there, there_spread = sum_and_spread([row[k] for k in blocks])
        if spread > 0 and there > total:
            squared = (there - total) ** 2 / max(there_spread, LEAST_DEVIATION**2 * spread)
            best = max(best, squared)
    return best


def p_values(rows: Sequence[Row], seed: str, n_resamples: int) -> list[float]:
    """Adjusted p of every row that is not flat; 1 of the others."""
    luck = [squared_luck(rows, resample(seed, r)) for r in range(n_resamples)]
    found: list[float] = []
    for row in rows:
        total, spread = sum_and_spread(row)
        seen = Fraction(total * total) / spread if total > 0 else Fraction(0)
        found.append((1 + sum(one >= seen for one in luck)) / (1 + n_resamples))
    return found


def p_with_passed_over(
    bases: Sequence[Row], n_taken_up: int, cells: Sequence[Row], seed: str, n_resamples: int
) -> list[float]:
    """Adjusted p of every cell, where the other bases would have had cells as well."""
    luck: list[float] = []
    for r in range(n_resamples):
        blocks = resample(seed, r)
        taken_up = math.sqrt(squared_luck(bases[:n_taken_up], blocks))
        best = math.sqrt(squared_luck(bases, blocks))
        luck.append(best + max(0.0, math.sqrt(squared_luck(cells, blocks)) - taken_up))
    found: list[float] = []
    for row in cells:
        total, spread = sum_and_spread(row)
        seen = total / math.sqrt(spread) if total > 0 else 0.0
        found.append((1 + sum(one >= seen for one in luck)) / (1 + n_resamples))
    return found


def correlation(a: Row, b: Row) -> float:
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    together = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    alone = sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)
    return together / math.sqrt(alone)


def mean_correlation(rows: Sequence[Row]) -> float:
    """Over all pairs of different rows."""
    pairs = list(itertools.combinations(rows, 2))
    return sum(correlation(a, b) for a, b in pairs) / len(pairs)


class Split(NamedTuple):
    """The winner of one half, and its rank in the other: (below, equal with itself)."""

    before: int
    after: int
    below: int
    equal: int


def splits(rows: Sequence[Row], choose: int = 1) -> Iterator[Split]:
    """Every `choose`-th of the halves; rows must not tie in them."""
    groups = [[sum(row[4 * q : 4 * q + 4]) for q in range(16)] for row in rows]
    for half in itertools.islice(itertools.combinations(range(16), 8), 0, None, choose):
        rest = [q for q in range(16) if q not in half]
        before = [sum(row[q] for q in half) for row in groups]
        after = [sum(row[q] for q in rest) for row in groups]
        winner = before.index(max(before))
        yield Split(
            before[winner],
            after[winner],
            sum(one < after[winner] for one in after),
            sum(one == after[winner] for one in after),
        )


def sharpe(row: Row) -> float:
    """Per block, ddof 1."""
    total, spread = sum_and_spread(row)
    return total / len(row) / math.sqrt(spread / (len(row) - 1))


def skewness_and_kurtosis(row: Row) -> tuple[float, float]:
    """Third and fourth moments of the standardised row; 0 and 3 for a normal distribution."""
    mean = sum(row) / len(row)
    deviation = math.sqrt(sum((one - mean) ** 2 for one in row) / len(row))
    standardised = [(one - mean) / deviation for one in row]
    return (
        sum(one**3 for one in standardised) / len(row),
        sum(one**4 for one in standardised) / len(row),
    )
