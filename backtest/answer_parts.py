"""What a run says beside its variants, where somebody wants it.

See: docs/evidence.md, docs/receipt.md
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backtest.control import Control
from backtest.engine.blocks.ledger import N_BLOCKS
from backtest.engine.limits.guards import Guards
from backtest.engine.pipeline.recorder import Recorded
from backtest.engine.ranked import Ranked
from backtest.engine.selection.neighbours import NearReturns
from backtest.engine.selection.winners import KeyMaker
from backtest.engine.workers.chunks import Workers
from backtest.evidence.evidence import Shortlisted, weigh, without_ledger
from backtest.evidence.landscape import AxisStory, Landscape
from backtest.evidence.neighbourhood import Neighbourhood, neighbourhoods, robust_order
from backtest.evidence.receipt import make_receipt
from backtest.evidence.result import Evidence
from backtest.identity import canonical_json, sha256_hex
from backtest.meaning import meaning_of_request, meaning_of_settings
from backtest.plan import Plan
from backtest.policy import RunPolicy
from backtest.result import RankedVariant
from backtest.types import AnswerPart, Bars, RankingMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRef:
    """One of all trials: its key, and its place in the answer, None if it was not returned.

    See: docs/evidence.md
    """

    variant_key: str
    place: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePart:
    """The evidence of a run, and the variants that it names by their rows.

    `tried` are trials by their rows in the ledger, `chosen` base variants without stops by their
    rows among these, which the walk forward chose.

    See: docs/evidence.md
    """

    evidence: Evidence
    tried: Mapping[int, TrialRef]
    chosen: Mapping[int, TrialRef]


@dataclass(frozen=True, slots=True, kw_only=True)
class LandscapePart:
    """The landscape of a run: what is told of it, and what draws its surfaces.

    See: docs/landscape.md
    """

    axes: tuple[AxisStory, ...]
    interactions: float | None
    neighbourhoods: tuple[Neighbourhood, ...]
    robust_order: tuple[int, ...]
    landscape: Landscape


def make_answer_parts(
    guards: Guards,
    bars: Bars,
    ranked: Ranked,
    variants: Sequence[RankedVariant],
    workers: Workers,
    control: Control,
) -> dict[AnswerPart, object]:
    """Everything that is wanted beside the variants: `EvidencePart`, `LandscapePart`, `Receipt`.

    A map that was wanted and that too few bars do not allow is None.

    Args:
        guards: The plan, the policy and what is wanted.
        bars: Bars of the plan, warm-up included.
        ranked: The winners, and the ledger if there is one.
        variants: The winners as the answer shows them.
        workers: Who computes.
        control: The run's handle.

    Raises:
        BacktestError: The run was cancelled or its time is up.

    See: docs/evidence.md
    """
    parts, plan = guards.want.parts, guards.plan
    computed: dict[AnswerPart, object] = {}
    if AnswerPart.EVIDENCE in parts:
        computed[AnswerPart.EVIDENCE] = weigh_run(plan, guards.policy, ranked, workers, control)
    if AnswerPart.LANDSCAPE in parts:
        recorded = ranked.recorded
        computed[AnswerPart.LANDSCAPE] = (
            None if recorded is None else map_run(plan, recorded, ranked.near)
        )
    if AnswerPart.RECEIPT in parts:
        grid = plan.resolved_grid()
        computed[AnswerPart.RECEIPT] = make_receipt(plan.settings, grid, bars, variants)
    return computed


def map_run(plan: Plan, recorded: Recorded, near: NearReturns) -> LandscapePart:
    """Say what the grid looks like.

    Args:
        plan: The plan.
        recorded: What its trials grew by.
        near: Returns of what is next to the returned variants.

    See: docs/landscape.md
    """
    landscape = Landscape(plan.grid, recorded)
    found = neighbourhoods(plan.grid, recorded, near)
    return LandscapePart(
        axes=landscape.axes(),
        interactions=landscape.interactions(),
        neighbourhoods=found,
        robust_order=robust_order(found),
        landscape=landscape,
    )


def weigh_run(
    plan: Plan, policy: RunPolicy, ranked: Ranked, workers: Workers, control: Control
) -> EvidencePart:
    """Say whether the best variant means anything.

    Args:
        plan: The plan.
        policy: What the conclusion holds its numbers against.
        ranked: The winners, and the ledger if there is one.
        workers: Who computes.
        control: The run's handle.

    Raises:
        BacktestError: The run was cancelled or its time is up.

    See: docs/evidence.md
    """
    recorded = ranked.recorded
    if recorded is None:
        n_bars = ranked.target.n_bars
        reason = f"the range has {n_bars} bars, and evidence needs at least {N_BLOCKS}"
        evidence = without_ledger(reason, policy.thresholds)
        return EvidencePart(evidence=evidence, tried={}, chosen={})
    metric = plan.settings.ranking.primary
    evidence = weigh(
        recorded.ledger,
        seed=seed_of(plan),
        workers=workers,
        control=control,
        prior_trials=plan.settings.prior_trials,
        shortlisted=_shortlisted(plan, recorded),
        ranked_by=None if metric is RankingMetric.TOTAL_RETURN_PCT else metric.value,
        thresholds=policy.thresholds,
    )
    check, walk = evidence.reality_check, evidence.walk_forward
    compared = (check.against_cash, check.against_holding) if check else ()
    namer = _Namer(ranked.keys, recorded)
    return EvidencePart(
        evidence=evidence,
        tried={one.row: namer.trial(one.row) for one in compared if one is not None},
        chosen={fold.row: namer.base(fold.row) for fold in (walk.folds if walk else ())},
    )


def _shortlisted(plan: Plan, recorded: Recorded) -> Shortlisted | None:
    if recorded.bases is recorded.ledger:
        return None
    n_taken_up = len(recorded.shortlist)
    passed_over = (plan.grid.n_base - n_taken_up) * plan.grid.n_risk
    return Shortlisted(passed_over=passed_over, n_taken_up=n_taken_up, bases=recorded.bases)


def seed_of(plan: Plan) -> str:
    """What resamples are seeded from: the hashes of the request and of the settings.

    See: docs/evidence.md#reality-check
    """
    settings = plan.settings
    request = meaning_of_request(settings, plan.resolved_grid())
    hashes = (request, meaning_of_settings(settings))
    return ":".join(sha256_hex(canonical_json(meaning)) for meaning in hashes)


class _Namer:
    """Who the rows of a run are."""

    def __init__(self, keys: KeyMaker, recorded: Recorded) -> None:
        self._keys, self._recorded = keys, recorded
        winners = recorded.ledger.winners.tolist()
        self._places = {row: place for place, row in enumerate(winners)}

    def trial(self, row: int) -> TrialRef:
        base, cell = self._recorded.place_of(row)
        key = self._keys.base_key(base) if cell is None else self._keys.key(base, cell)
        return TrialRef(variant_key=key, place=self._places.get(row))

    def base(self, row: int) -> TrialRef:
        if self._recorded.bases is self._recorded.ledger:
            return self.trial(row)
        return TrialRef(variant_key=self._keys.base_key(self._recorded.base_at(row)), place=None)
