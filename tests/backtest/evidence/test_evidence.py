"""All of the evidence: the same on any way to compute it, and what cannot be known."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from backtest.control import Control
from backtest.engine.blocks.ledger import Ledger
from backtest.engine.workers.chunks import Workers
from backtest.errors import RunCancelled
from backtest.evidence import Evidence, Verdict, luck, pbo, rows, walk_forward, weigh
from backtest.evidence.evidence import Shortlisted, without_ledger
from backtest.evidence.rows import describe_rows
from backtest.evidence.trials import count_trials
from tests.backtest.evidence.ledgers import Growth, ledger_of, noise
from tests.oracle import evidence as twin

CHUNKED = (luck, pbo, rows, walk_forward)


def evidence(ledger: Ledger, workers: Workers, **options: Any) -> Evidence:
    return weigh(ledger, seed="seed", workers=workers, control=Control(), **options)


def mixed_ledger() -> Ledger:
    """Noise, equal rows, quiet ones, flat ones and ruined ones."""
    growth = noise(330, seed=8)
    growth[100:140] = growth[60:100]
    growth[140:150] = 0
    growth[150:200, 9:] = 0
    growth[200:203, 40:] = -(1 << 30)
    return ledger_of(growth, winners=(7, 142, 201, 60), ruined=(200, 201, 202))


def test_threads_and_chunks_change_no_digit(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = mixed_ledger()
    expected = evidence(ledger, workers)

    alone = Workers(1)
    try:
        for rows_per_chunk in (33, 64, 100_000):
            for module in CHUNKED:
                monkeypatch.setattr(module, "ROWS_PER_CHUNK", rows_per_chunk)
            assert evidence(ledger, alone) == expected
            assert evidence(ledger, workers) == expected
    finally:
        alone.close()


def test_the_order_of_the_rows_changes_no_digit(workers: Workers) -> None:
    ledger = mixed_ledger()
    order = np.random.default_rng(2).permutation(ledger.n_trials)
    shuffled = replace(
        ledger,
        growth=ledger.growth[order],
        ruined=ledger.ruined[order],
        winners=np.argsort(order)[ledger.winners],
    )

    one, other = evidence(ledger, workers), evidence(shuffled, workers)

    assert [*without_rows(one)] == [*without_rows(other)]
    assert one.walk_forward is not None
    assert other.walk_forward is not None
    for mine, theirs in zip(one.walk_forward.folds, other.walk_forward.folds, strict=True):
        np.testing.assert_array_equal(ledger.growth[mine.row], shuffled.growth[theirs.row])


def without_rows(value: Any) -> Iterator[Any]:
    """Every leaf but the numbers of rows."""
    if is_dataclass(value):
        for field in fields(value):
            if field.name != "row":
                yield from without_rows(getattr(value, field.name))
    elif isinstance(value, tuple):
        for one in value:  # pyright: ignore[reportUnknownVariableType]
            yield from without_rows(one)
    else:
        yield value


@pytest.mark.parametrize(
    "stage", ["evidence_rows", "reality_check", "pbo_champions", "pbo_ranks", "walk_forward"]
)
def test_every_stage_can_be_cancelled(
    stage: str, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in CHUNKED:
        monkeypatch.setattr(module, "ROWS_PER_CHUNK", 32)
    seen: list[str] = []

    def cancel_there(name: str, done: int, total: int) -> None:
        seen.append(name)
        if name == stage and done < total:
            control.cancel()

    control = Control(on_progress=cancel_there)
    with pytest.raises(RunCancelled):
        weigh(ledger_of(noise(640)), seed="s", workers=workers, control=control)

    assert seen[-1] == stage


def test_trials_are_counted_and_weighed(workers: Workers) -> None:
    ledger = mixed_ledger()

    trials = count_trials(describe_rows(ledger, workers, Control()), prior_trials=1_000)

    kept = [*range(140), *range(150, 200), *range(203, 330)]
    mean = twin.mean_correlation(ledger.growth[kept].tolist())
    assert (trials.tried, trials.prior, trials.total) == (330, 1_000, 1_330)
    assert (trials.ruined, trials.flat) == (3, 10)
    assert trials.mean_correlation == pytest.approx(mean, abs=1e-6)
    assert trials.effective == pytest.approx(mean + (1 - mean) * len(kept) + 1_000, abs=1e-5)


def test_equal_variants_are_worth_one(workers: Workers) -> None:
    growth = np.repeat(noise(1), 50, axis=0)

    trials = count_trials(describe_rows(ledger_of(growth), workers, Control()), 0)

    assert trials.mean_correlation == pytest.approx(1.0, abs=1e-6)
    assert trials.effective == pytest.approx(1.0, abs=1e-4)


def test_every_none_has_a_reason_and_nothing_else_has(workers: Workers) -> None:
    growth = noise(3)
    growth[1:] = 0
    cases = [
        evidence(mixed_ledger(), workers),
        evidence(ledger_of(growth), workers),
        evidence(ledger_of(growth, winners=(1,)), workers),
        evidence(ledger_of(noise(1)), workers),
        evidence(ledger_of(np.repeat(noise(1), 9, axis=0)), workers),
        evidence(ledger_of(noise(1), holding=noise(1)[0]), workers),
        evidence(ledger_of(np.zeros((4, 64), np.int32)), workers),
        without_ledger("fewer bars than blocks: 63 of 64"),
    ]

    for found in cases:
        assert {one.part for one in found.missing} == set(nones(found, ""))
        assert all(one.reason for one in found.missing)


def nones(value: Any, path: str) -> Iterator[str]:
    """Where there is None; an adjusted p-value has its own reason, a reason none."""
    for field in fields(value):
        if field.name in {"adjusted", "conclusion", "missing"}:
            continue
        inner, place = getattr(value, field.name), f"{path}{field.name}"
        if inner is None:
            yield place
        elif is_dataclass(inner):
            yield from nones(inner, f"{place}.")


def test_no_ledger_is_not_enough_data() -> None:
    found = without_ledger("the target slice has 63 bars; evidence needs at least 64")

    assert found.conclusion.verdict == Verdict.NOT_ENOUGH_DATA
    assert "63 bars" in found.conclusion.reasons[0].text


def test_prior_trials_reach_every_number_that_counts_trials(workers: Workers) -> None:
    ledger = ledger_of(noise(100))

    without, with_prior = evidence(ledger, workers), evidence(ledger, workers, prior_trials=5_000)

    assert with_prior.reality_check != without.reality_check
    assert with_prior.deflated_sharpe != without.deflated_sharpe
    assert "5,100 variants" in with_prior.conclusion.reasons[0].text
    assert with_prior.pbo == without.pbo


def test_noise_is_luck_and_a_strong_edge_holds_up(workers: Workers) -> None:
    growth = noise(500)
    best = int(growth.sum(axis=1).argmax())
    skilled = growth.copy()
    skilled[best] += 50_000

    lucky = evidence(ledger_of(growth, winners=(best,)), workers)
    skill = evidence(ledger_of(skilled, winners=(best,)), workers)

    assert lucky.conclusion.verdict == Verdict.LIKELY_LUCK
    assert skill.conclusion.verdict == Verdict.HOLDS_UP


def test_what_was_passed_over_is_counted_and_told(workers: Workers) -> None:
    """Stage B tries what did best, so its trials are lucky ones; nine times more were not tried."""
    bases, trials, n_taken_up = shortlisting(noise(200, seed=3))
    others = Shortlisted(passed_over=1_440, n_taken_up=n_taken_up, bases=bases)

    without, with_others = evidence(trials, workers), evidence(trials, workers, shortlisted=others)

    for one, more in zip(p_values(without), p_values(with_others), strict=True):
        assert one < more
    assert without.trials is not None
    assert with_others.trials == replace(without.trials, passed_over=1_440)
    assert "340 variants without skill (1,440 more were passed over)" in (
        with_others.conclusion.reasons[0].text
    )


def shortlisting(growth: Growth) -> tuple[Ledger, Ledger, int]:
    """Bases and trials where the best tenth has eight cells, each as good as any."""
    n_taken_up, order = len(growth) // 10, np.argsort(-growth.sum(axis=1))
    bases = growth[order]
    cells = np.repeat(bases[:n_taken_up], 8, axis=0) + noise(8 * n_taken_up, seed=77, common=0.0)
    trials = np.concatenate((bases[n_taken_up:], cells))
    best = len(bases) - n_taken_up + int(cells.sum(axis=1).argmax())
    return ledger_of(bases, winners=()), ledger_of(trials, winners=(best,)), n_taken_up


def p_values(found: Evidence) -> list[float]:
    assert found.reality_check is not None
    assert found.reality_check.against_cash is not None
    adjusted = found.reality_check.against_cash.adjusted
    return [one.p_value for one in adjusted if one.p_value is not None]


def test_halves_and_folds_choose_among_what_nobody_has_chosen(workers: Workers) -> None:
    """Cells of the luckiest bases are trials, and only the bases are split."""
    growth = noise(200, seed=5)
    lucky = np.argsort(growth.sum(axis=1))[-20:]
    trials = np.concatenate((np.delete(growth, lucky, axis=0), np.repeat(growth[lucky], 9, axis=0)))
    bases = ledger_of(np.concatenate((growth[lucky], np.delete(growth, lucky, axis=0))))
    shortlisted = Shortlisted(passed_over=180 * 9, n_taken_up=20, bases=bases)

    found = evidence(ledger_of(trials), workers, shortlisted=shortlisted)
    plain, biased = evidence(bases, workers), evidence(ledger_of(trials), workers)

    assert (found.pbo, found.walk_forward) == (plain.pbo, plain.walk_forward)
    assert found.deflated_sharpe == biased.deflated_sharpe
    assert found.pbo is not None
    assert biased.pbo is not None
    # copies of the lucky raise the median of both halves, and the winner does not know better
    assert biased.pbo.probability > found.pbo.probability + 0.1
    texts = {reason.code: reason.text for reason in found.conclusion.reasons}
    for code in ("pbo", "walk_forward"):
        assert ", among 200 variants without stops," in texts[code]
