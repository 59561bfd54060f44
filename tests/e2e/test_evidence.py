"""What an answer holds beside its variants: over both faces, only where it is asked for."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.grids import GRID, candles
from tests.e2e.world import Faces, opened_over
from tests.faces import BESIDE, to_graphql, to_rest_words

TRIED = "variantKey place"
COMPARISON = (
    f"pValue statistic best {{ {TRIED} }} nCompared adjusted {{ place statistic pValue reason }}"
)
EVIDENCE = f"""
trials {{ tried passedOver prior total ruined flat meanCorrelation effective }}
returns {{ lowestPct highestPct medianPct profitableShare counts }}
realityCheck {{ nResamples blockLength
  againstCash {{ {COMPARISON} }} againstHolding {{ {COMPARISON} }} }}
pbo {{ nSplits probability medianRank lossShare slope }}
deflatedSharpe {{ sharpe skewness kurtosis trialsDeviation
  allTrials {{ nTrials expectedMaxSharpe probability }}
  effectiveTrials {{ nTrials expectedMaxSharpe probability }} }}
walkForward {{ growthPct efficiency folds {{ chosenFrom tradedFrom tradedTo
  chosen {{ {TRIED} }} growthBeforePct growthAfterPct }} }}
conclusion {{ verdict reasons {{ code speaksFor text }} thresholds {{ holdsUpPValue holdsUpPbo
  holdsUpDeflatedSharpe holdsUpWalkForwardPct luckPValue luckPbo minActiveBlocks }} }}
missing {{ part reason }}
"""
RUN = "mutation ($i: RunBacktestInput!) { runBacktest(input: $i) { %s } }"


@pytest.fixture(scope="module")
def both() -> Iterator[Faces]:
    with opened_over(candles()) as faces:
        yield faces


def over_graphql(both: Faces, selection: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = both[1].ask(RUN % selection, {"i": to_graphql(request)}).json()
    assert "errors" not in answer, answer
    return to_rest_words(answer["data"]["runBacktest"])


def raw(both: Faces, request: dict[str, Any]) -> dict[str, Any]:
    rest = both[0]
    return rest.client.post("/backtests", json=request, headers=rest.headers).json()


def test_both_faces_tell_the_same_evidence(both: Faces) -> None:
    told = both[0].run(GRID | {"include": ["evidence"], "prior_trials": 7})["evidence"]
    selected = over_graphql(both, f"evidence {{ {EVIDENCE} }}", GRID | {"prior_trials": 7})

    assert selected == {"evidence": told}
    trials = told["trials"]
    n_base, n_shortlist, n_cells = 24, 20, 6
    assert trials["tried"] == n_base - n_shortlist + n_shortlist * n_cells
    assert trials["total"] == trials["tried"] + 7
    assert sum(told["returns"]["counts"]) == trials["tried"]
    adjusted = told["reality_check"]["against_cash"]["adjusted"]
    assert [one["place"] for one in adjusted] == list(range(12))
    assert told["conclusion"]["reasons"]


def test_what_nobody_asks_for_is_null_and_changes_no_other_member(both: Faces) -> None:
    bare, empty = raw(both, GRID), raw(both, GRID | {"include": []})
    full = raw(both, GRID | {"include": ["evidence", "receipt"]})

    assert bare == empty
    assert all(bare[name] is None for name in BESIDE if name in bare)
    rest = [
        {name: value for name, value in answer.items() if name not in BESIDE}
        for answer in (bare, full)
    ]
    assert rest[0] == rest[1]


def test_both_faces_tell_the_same_of_what_closes_hide(both: Faces) -> None:
    asked = raw(both, GRID | {"include": ["intrabar"]})
    members = "tradesTouchedStop tradesTouchedTarget totalReturnPct"
    selected = over_graphql(both, f"variants {{ intrabar {{ {members} }} }}", GRID)

    told = [variant["intrabar"] for variant in asked["variants"]]
    assert selected == {"variants": [{"intrabar": one} for one in told]}
    assert len(told) == GRID["top_k"]
    assert sum(one["trades_touched_stop"] for one in told) > 0
    assert sum(one["trades_touched_target"] for one in told) > 0
    own = [variant["total_return_pct"] for variant in asked["variants"]]
    assert [one["total_return_pct"] for one in told] != own


def test_what_closes_hide_changes_nothing_else_and_is_null_without_levels(both: Faces) -> None:
    bare, asked = raw(both, GRID), raw(both, GRID | {"include": ["intrabar"]})
    disabled = {"sl_enabled": False, "tp_enabled": False}
    template = GRID["template"] | {"risk_grid": disabled}
    open_ended = raw(both, GRID | {"template": template, "include": ["intrabar"]})

    assert all(variant.pop("intrabar") is None for variant in bare["variants"])
    assert all(variant.pop("intrabar") is not None for variant in asked["variants"])
    assert bare == asked
    assert [variant["intrabar"] for variant in open_ended["variants"]] == [None] * 12


def test_prior_trials_enter_the_hashes_only_where_they_are_given(both: Faces) -> None:
    names = ("grid_request_hash", "engine_params_hash")
    bare, none, some = (
        [raw(both, GRID | options)[name] for name in names]
        for options in ({}, {"prior_trials": 0}, {"prior_trials": 5})
    )

    assert bare == none
    assert bare != some


def test_a_part_that_does_not_exist_is_refused_with_the_ones_that_do(both: Faces) -> None:
    rest = both[0]
    body = GRID | {"include": ["evidence", "horoscope"]}

    answer = rest.client.post("/backtests", json=body, headers=rest.headers)

    assert answer.status_code == 422
    (problem,) = answer.json()["error"]["details"]["errors"]
    assert problem["path"] == "body.include.1"
    for part in ("evidence", "landscape", "receipt", "intrabar"):
        assert part in problem["message"]


def test_graphql_has_no_include_for_it_has_a_selection(both: Faces) -> None:
    _, problems = both[1].problems(GRID | {"include": ["evidence"]})

    assert problems == {("include", "extra_forbidden")}


def test_a_range_of_fewer_bars_than_blocks_says_why_there_is_no_evidence(both: Faces) -> None:
    short = {"start": "1970-01-01T01:00:00Z", "end": "1970-01-01T01:50:00Z"}

    told = both[0].run(GRID | {"time_range": short, "include": ["evidence"]})["evidence"]

    assert told["trials"] is None
    assert told["conclusion"]["verdict"] == "NOT_ENOUGH_DATA"
    reasons = {one["reason"] for one in told["missing"]}
    assert reasons == {"the range has 50 bars, and evidence needs at least 64"}


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing_of_the_evidence(both: Faces, threads: int) -> None:
    request = GRID | {"include": ["evidence", "receipt"]}
    with opened_over(candles(), threads=threads) as others:
        assert others[0].run(request) == both[0].run(request)
