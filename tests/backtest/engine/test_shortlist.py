"""Cuts and ties: the fast score proposes, the exact number decides, the key breaks ties."""

import numpy as np
import pytest

from backtest.engine.pipeline.shortlist import (
    Margin,
    best_by_bound,
    best_by_columns,
    best_by_fast_score,
)
from backtest.types import FloatArray, IntArray

MARGIN = Margin.of(100, adds_up=False)


def brute(exact: list[tuple[float, ...]], keys: list[str], n_best: int) -> list[int]:
    return sorted(range(len(exact)), key=lambda i: (*exact[i], keys[i]))[:n_best]


@pytest.mark.parametrize("seed", range(30))
def test_noise_within_the_margin_never_changes_the_best(seed: int) -> None:
    random = np.random.default_rng((8, seed))
    n = int(random.integers(1, 60))
    scale = float(random.choice([1.0, 1e6]))
    equity = random.choice([0.5, 1.0, 1.0 + 1e-13, 1.2, 1.2 + 2e-12], n) * scale
    noise = random.uniform(-0.5, 0.5, n) * MARGIN.around(equity)
    secondary = random.integers(0, 2, n).astype(np.float64)
    keys = [f"{key:05}" for key in random.permutation(n)]
    n_best = int(random.integers(1, n + 3))

    def exact(members: IntArray) -> tuple[FloatArray, ...]:
        return -equity[members], secondary[members]

    best = best_by_fast_score(equity + noise, n_best, MARGIN, exact, keys.__getitem__)

    assert best.tolist() == brute(list(zip(-equity, secondary, strict=True)), keys, n_best)


def test_keys_are_made_only_for_ties_that_reach_the_cut() -> None:
    asked: list[int] = []

    def key_of(member: int) -> str:
        asked.append(member)
        return str(9 - member)

    members = np.arange(6)
    columns = (np.array([0.0, 1.0, 1.0, 2.0, 2.0, 2.0]),)

    best = best_by_columns(members, columns, 3, key_of)

    assert best[:3].tolist() == [0, 2, 1]
    assert sorted(asked) == [1, 2]


def test_clear_scores_need_no_exact_number() -> None:
    def exact(members: IntArray) -> tuple[FloatArray, ...]:
        pytest.fail("nothing is in doubt")

    best = best_by_fast_score(np.array([1.0, 3.0, 2.0]), 2, MARGIN, exact, str)

    assert best.tolist() == [1, 2]


@pytest.mark.parametrize("seed", range(40))
def test_a_bound_leaves_out_only_what_cannot_be_among_the_best(seed: int) -> None:
    random = np.random.default_rng((9, seed))
    n = int(random.integers(1, 80))
    primary = random.choice([-np.inf, 0.0, 1.0, 2.0, 2.5, np.inf], n)
    bound = primary - random.choice([0.0, 0.0, 0.25, 3.0], n)
    bound[np.isnan(bound)] = -np.inf
    secondary = random.integers(0, 2, n).astype(np.float64)
    keys = [f"{key:05}" for key in random.permutation(n)]
    n_best = int(random.integers(1, n + 3))
    asked: list[int] = []

    def exact(members: IntArray) -> tuple[FloatArray, ...]:
        asked.extend(members.tolist())
        return primary[members], secondary[members]

    best = best_by_bound(bound, n_best, exact, keys.__getitem__)

    pairs = list(zip(primary.tolist(), secondary.tolist(), strict=True))
    assert best.tolist() == brute(pairs, keys, n_best)
    assert len(asked) == len(set(asked))


def test_what_is_clearly_worse_is_not_measured() -> None:
    bound = np.arange(1_000.0)
    asked: list[int] = []

    def exact(members: IntArray) -> tuple[FloatArray, ...]:
        asked.extend(members.tolist())
        return (bound[members] + 0.5,)

    assert best_by_bound(bound, 10, exact, str).tolist() == list(range(10))
    assert sorted(asked) == list(range(10))
