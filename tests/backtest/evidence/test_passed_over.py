"""P-values where Stage B tried the stops of a shortlist only."""

import numpy as np
import pytest

from backtest.control import Control
from backtest.engine.blocks.ledger import Ledger
from backtest.engine.workers.chunks import Workers
from backtest.evidence import luck
from backtest.evidence import reality_check as module
from backtest.evidence.passed_over import Bases
from backtest.evidence.resamples import draw_resamples
from backtest.evidence.result import Comparison
from backtest.evidence.rows import describe_rows
from tests.backtest.evidence.ledgers import Growth, ledger_of, noise
from tests.oracle import evidence as twin

SEED = "a:b"
N_BASES, N_CELLS, N_TAKEN_UP = 120, 8, 12


def world(seed: int) -> tuple[Growth, Growth]:
    """Bases, best first, and what all of their cells would have grown by; nobody has skill."""
    bases = noise(N_BASES, seed)
    bases = bases[np.argsort(-bases.sum(axis=1), kind="stable")]
    stops = noise(N_BASES * N_CELLS, seed + 10_000, common=0.0)
    return bases, np.repeat(bases, N_CELLS, axis=0) // 2 + stops


def check(
    trials: Ledger, bases: Growth | None, workers: Workers, n_taken_up: int = N_TAKEN_UP
) -> Comparison:
    control, known = Control(), None
    if bases is not None:
        own = ledger_of(bases, winners=())
        known = Bases(ledger=own, rows=describe_rows(own, workers, control), n_taken_up=n_taken_up)
    rows = describe_rows(trials, workers, control)
    found = module.reality_check(trials, rows, SEED, 1.0, workers, control, known)
    assert found.against_cash is not None
    return found.against_cash


def shortlisted(bases: Growth, cells: Growth, n_taken_up: int = N_TAKEN_UP) -> Ledger:
    """What Stage B leaves of a world."""
    trials = np.concatenate((bases[n_taken_up:], cells[: n_taken_up * N_CELLS]))
    return ledger_of(trials, winners=tuple(range(len(bases) - n_taken_up, len(trials))))


def p_values(comparison: Comparison) -> list[float]:
    found = [one.p_value for one in comparison.adjusted]
    assert None not in found
    return [value for value in found if value is not None]


def test_agrees_with_the_slow_twin(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    bases = noise(5, 4)
    cells = np.repeat(bases[:2], 2, axis=0) // 2 + noise(4, 40)
    cells[3] += 9_000
    trials = ledger_of(np.concatenate((bases[2:], cells)), winners=(3, 4, 5, 6))
    monkeypatch.setattr(module, "draw_resamples", lambda s, h: draw_resamples(s, h, 100))

    found = check(trials, bases, workers, n_taken_up=2)

    expected = twin.p_with_passed_over(bases.tolist(), 2, cells.tolist(), SEED, 100)
    assert p_values(found) == pytest.approx(expected, abs=1e-6)


def test_threads_and_chunks_change_no_digit(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    bases, cells = world(2)
    trials = shortlisted(bases, cells)
    expected = check(trials, bases, workers)

    alone = Workers(1)
    try:
        for rows_per_chunk in (33, 100_000):
            monkeypatch.setattr(luck, "ROWS_PER_CHUNK", rows_per_chunk)
            assert check(trials, bases, alone) == expected
            assert check(trials, bases, workers) == expected
    finally:
        alone.close()


def test_stops_that_change_nothing_leave_the_p_values_of_the_bases(workers: Workers) -> None:
    bases, _ = world(3)
    trials = shortlisted(bases, np.repeat(bases, N_CELLS, axis=0))

    found = check(trials, bases, workers)

    plain = check(ledger_of(bases, winners=tuple(range(N_TAKEN_UP))), None, workers)
    assert p_values(found)[::N_CELLS] == p_values(plain)


def test_where_nothing_was_passed_over_all_trials_count_as_they_are(workers: Workers) -> None:
    bases, cells = world(5)
    trials = ledger_of(cells, winners=tuple(range(40)))

    assert p_values(check(trials, bases, workers, n_taken_up=N_BASES)) == pytest.approx(
        p_values(check(trials, None, workers)), abs=0.02
    )


def test_noise_has_the_p_values_that_it_would_have_if_every_cell_were_known(
    workers: Workers,
) -> None:
    """Counting every cell that was passed over as one more trial, their median was above 0.9."""
    told: list[float] = []
    known: list[float] = []
    for seed in range(100):
        bases, cells = world(seed)
        trials = shortlisted(bases, cells)
        found = check(trials, bases, workers)
        told.append(found.p_value)
        everything = np.concatenate((trials.growth[[found.row]], bases, cells))
        known.extend(p_values(check(ledger_of(everything), None, workers)))

    assert 0.35 < np.median(told) < 0.65
    assert 0.01 < np.mean(np.array(told) < 0.1) < 0.2
    assert abs(np.mean(told) - np.mean(known)) < 0.1
    assert np.corrcoef(told, known)[0, 1] > 0.8


def test_skill_that_needs_stops_is_found(workers: Workers) -> None:
    bases, cells = world(6)
    cells[3] += 60_000

    found = check(shortlisted(bases, cells), bases, workers)

    assert p_values(found)[3] == pytest.approx(0.001, abs=1e-3)
