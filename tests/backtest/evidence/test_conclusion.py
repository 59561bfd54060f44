"""The verdict for every kind of finding."""

from dataclasses import replace
from typing import Any

import pytest

from backtest.evidence.conclusion import Findings, conclude
from backtest.evidence.result import (
    AdjustedP,
    Comparison,
    Deflated,
    DeflatedSharpe,
    Overfitting,
    RealityCheck,
    Trials,
    Verdict,
    WalkForward,
)
from backtest.thresholds import Thresholds


def comparison(p_value: float | None) -> Comparison:
    one = AdjustedP(row=0, statistic=0.4, p_value=p_value, reason=None if p_value else "flat")
    return Comparison(p_value=0.001, statistic=0.5, row=3, n_compared=9, adjusted=(one,))


def findings(
    *,
    cash: float | None = 0.01,
    holding: float | None = 0.01,
    pbo: float = 0.1,
    deflated: float = 0.99,
    walked: float = 5.0,
    active: int = 64,
    no_pbo: bool = False,
    loses: float = 0.1,
    **changes: Any,
) -> Findings:
    """Findings that hold up, but for what is given."""
    by_luck = Deflated(n_trials=80.0, expected_max_sharpe=0.2, probability=deflated)
    made = Findings(
        trials=Trials(
            tried=1234,
            passed_over=0,
            prior=0,
            total=1234,
            ruined=0,
            flat=0,
            mean_correlation=0.1,
            effective=80.0,
        ),
        n_bases=None,
        active_blocks=active,
        reality_check=RealityCheck(
            n_resamples=1000,
            block_length=4,
            against_cash=comparison(cash),
            against_holding=comparison(holding),
        ),
        pbo=None
        if no_pbo
        else Overfitting(
            n_splits=12_870, probability=pbo, median_rank=0.8, loss_share=loses, slope=0.5
        ),
        deflated_sharpe=DeflatedSharpe(
            row=0,
            sharpe=0.4,
            skewness=0.0,
            kurtosis=3.0,
            trials_deviation=0.1,
            all_trials=by_luck,
            effective_trials=by_luck,
        ),
        walk_forward=WalkForward(folds=(), growth_pct=walked, efficiency=0.5),
        ranked_by=None,
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        pytest.param({}, Verdict.HOLDS_UP, id="everything holds up"),
        pytest.param({"cash": 0.05}, Verdict.UNCLEAR, id="p against cash at the limit"),
        pytest.param({"cash": 0.2}, Verdict.LIKELY_LUCK, id="p against cash is luck"),
        pytest.param({"cash": None}, Verdict.NOT_ENOUGH_DATA, id="no p against cash"),
        pytest.param({"holding": 0.6}, Verdict.UNCLEAR, id="no better than holding"),
        pytest.param({"holding": None}, Verdict.UNCLEAR, id="no p against holding"),
        pytest.param({"pbo": 0.3}, Verdict.UNCLEAR, id="overfitting between the limits"),
        pytest.param({"pbo": 0.5}, Verdict.UNCLEAR, id="an arbitrary choice among good ones"),
        pytest.param({"pbo": 0.5, "cash": 0.1}, Verdict.LIKELY_LUCK, id="an arbitrary choice"),
        pytest.param({"loses": 0.5}, Verdict.UNCLEAR, id="the best of what loses money"),
        pytest.param({"no_pbo": True}, Verdict.UNCLEAR, id="unknown is not passed"),
        pytest.param({"deflated": 0.49}, Verdict.UNCLEAR, id="luck reaches the Sharpe ratio"),
        pytest.param({"deflated_sharpe": None}, Verdict.UNCLEAR, id="no Sharpe ratio"),
        pytest.param({"walked": 0.0}, Verdict.UNCLEAR, id="nothing made by walking forward"),
        pytest.param({"walk_forward": None}, Verdict.UNCLEAR, id="no walk forward"),
        pytest.param({"active": 15}, Verdict.NOT_ENOUGH_DATA, id="moved in few blocks"),
        pytest.param({"reality_check": None}, Verdict.NOT_ENOUGH_DATA, id="no reality check"),
        pytest.param({"ranked_by": "sharpe"}, Verdict.HOLDS_UP, id="ranked by another metric"),
    ],
)
def test_verdict(given: dict[str, Any], verdict: Verdict) -> None:
    assert conclude(findings(**given), Thresholds()).verdict == verdict


def test_reasons_carry_their_numbers_and_the_limits() -> None:
    conclusion = conclude(findings(cash=0.431, ranked_by="sharpe"), Thresholds())

    texts = {reason.code: reason.text for reason in conclusion.reasons}
    assert "1,234 variants" in texts["reality_check_cash"]
    assert "0.431 (holds up below 0.05, luck from 0.2)" in texts["reality_check_cash"]
    assert "10% of 12,870 splits" in texts["pbo"]
    assert "in 10% it loses money there (holds up below 50%)" in texts["pbo"]
    assert "80 independent trials reach 0.200" in texts["deflated_sharpe"]
    assert "5.00 %" in texts["walk_forward"]
    assert "ranked by sharpe" in texts["ranked_by"]
    assert conclusion.thresholds == Thresholds()


def test_thresholds_decide() -> None:
    strict = Thresholds(holds_up_p_value=0.005)

    assert conclude(findings(), strict).verdict == Verdict.UNCLEAR
