"""Two walks side by side, one without skill and one with an edge, for the page of the evidence."""

import numpy as np

from backtest.control import Control
from backtest.engine.blocks.ledger import N_BLOCKS, UNITS, Ledger
from backtest.engine.workers.chunks import Workers
from backtest.evidence import Evidence, weigh
from backtest.evidence.luck import best_by_luck, observe
from backtest.evidence.pbo import champions_of
from backtest.evidence.resamples import draw_resamples
from backtest.evidence.rows import Rows, describe_rows
from backtest.evidence.splits import column_splits
from backtest.types import FloatArray
from benchmarks.evidence_pictures import N_OTHERS, Example, draw_examples
from benchmarks.tables import Finding
from benchmarks.walks import ledger_of, returns

SEED = "example"


def examples(noise_seed: int, planted_seed: int, edge: float) -> list[Finding]:
    """Draw both, and put their numbers side by side."""
    workers = Workers(1)
    try:
        made = [
            _example(title, ledger_of(returns(seed, strength)), workers)
            for title, seed, strength in (
                ("No skill", noise_seed, 0.0),
                ("Planted edge", planted_seed, edge),
            )
        ]
    finally:
        workers.close()
    draw_examples([example for example, _ in made])
    return [_finding([evidence for _, evidence in made])]


def _example(title: str, ledger: Ledger, workers: Workers) -> tuple[Example, Evidence]:
    evidence = weigh(ledger, seed=SEED, workers=workers, control=Control())
    rows = describe_rows(ledger, workers, Control())
    before, after = _halves(ledger, rows, workers)
    best = int(ledger.winners[0])
    assert evidence.reality_check is not None
    assert evidence.reality_check.against_cash is not None
    assert evidence.pbo is not None
    adjusted = evidence.reality_check.against_cash.adjusted[0]
    others = np.linspace(0, ledger.n_trials - 1, N_OTHERS).astype(int).tolist()
    example = Example(
        title=title,
        best_pct=_grown_pct(ledger.growth[best]),
        holding_pct=_grown_pct(ledger.holding),
        others_pct=[_grown_pct(ledger.growth[m]) for m in others],
        luck=_luck(ledger, rows, workers),
        seen=adjusted.statistic or 0.0,
        p_value=adjusted.p_value or 1.0,
        before_pct=before,
        after_pct=after,
        pbo=evidence.pbo.probability,
    )
    return example, evidence


def _grown_pct(growth: np.ndarray[tuple[int], np.dtype[np.int32]]) -> FloatArray:
    return 100 * np.expm1(np.append(0, np.cumsum(growth, dtype=np.int64)) / UNITS)


def _luck(ledger: Ledger, rows: Rows, workers: Workers) -> FloatArray:
    resamples = draw_resamples(SEED, ledger.holding)
    squared = best_by_luck(ledger, observe(ledger, rows), resamples, workers, Control())
    return np.sqrt(squared[0] / N_BLOCKS)


def _halves(ledger: Ledger, rows: Rows, workers: Workers) -> tuple[FloatArray, FloatArray]:
    champions = champions_of(ledger, rows, column_splits(), workers, Control())
    after = rows.totals[champions.rows] - champions.growth
    return 100 * np.expm1(champions.growth / UNITS), 100 * np.expm1(after / UNITS)


def _finding(both: list[Evidence]) -> Finding:
    columns = [_numbers(evidence) for evidence in both]
    return Finding(
        key="evidence-example",
        question="What does it look like?",
        header=["", "no skill", "planted edge"],
        rows=[[name, *(column[name] for column in columns)] for name in columns[0]],
        notes=["Two of the walks above; the variant with the highest return of each."],
        picture="evidence-example.png",
    )


def _numbers(evidence: Evidence) -> dict[str, str]:
    check, pbo, sharpe = evidence.reality_check, evidence.pbo, evidence.deflated_sharpe
    walk, trials = evidence.walk_forward, evidence.trials
    assert check is not None
    assert check.against_cash is not None
    assert check.against_holding is not None
    assert pbo is not None
    assert sharpe is not None
    assert walk is not None
    assert trials is not None
    return {
        "`trials.tried`": str(trials.tried),
        "`trials.effective`": f"{trials.effective:.0f}",
        "`reality_check.against_cash`, p": f"{check.against_cash.adjusted[0].p_value:.3f}",
        "`reality_check.against_holding`, p": f"{check.against_holding.adjusted[0].p_value:.3f}",
        "`pbo.probability`": f"{pbo.probability:.3f}",
        "`pbo.median_rank`": f"{pbo.median_rank:.3f}",
        "`pbo.loss_share`": f"{pbo.loss_share:.3f}",
        "`deflated_sharpe.sharpe`, per block": f"{sharpe.sharpe:.3f}",
        "`… expected_max_sharpe`": f"{sharpe.effective_trials.expected_max_sharpe:.3f}",
        "`… probability`": f"{sharpe.effective_trials.probability:.3f}",
        "`walk_forward.growth_pct`": f"{walk.growth_pct:.2f} %",
        "`walk_forward.efficiency`": f"{walk.efficiency:.2f}",
        "`conclusion.verdict`": f"`{evidence.conclusion.verdict}`",
    }
