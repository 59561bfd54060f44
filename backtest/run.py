"""The use-case: a request in, the best variants with their stories out.

It reads like the table of contents of a backtest: resolve, guard, load, score, rank, report.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

import numpy as np

from backtest.control import Control
from backtest.engine.account import BUDGET_CAP
from backtest.engine.chunks import Workers
from backtest.engine.combos import Combos
from backtest.engine.estimate import estimate_bytes
from backtest.engine.market import Market
from backtest.engine.replays import Scene, VariantReplay
from backtest.engine.risk_plane import RiskPlane, Tile
from backtest.engine.rows import Readers
from backtest.engine.shortlist import Margin
from backtest.engine.stages import Stages
from backtest.engine.winners import Contest, KeyMaker, Winner
from backtest.errors import (
    BrokenInvariant,
    GuardExceeded,
    InvalidRequest,
    Mistake,
    Problem,
    StrategyForbidden,
    StrategyNotFound,
)
from backtest.identity import VariantKeys
from backtest.indicators.series import Series
from backtest.plan import Plan, make_draft, make_plan
from backtest.policy import RunPolicy
from backtest.ports import CandleFeed, GridDefaults, SavedStrategy, SpecReader, StrategyReader
from backtest.request import RunRequest, Template
from backtest.result import (
    Estimate,
    RankedVariant,
    Report,
    ResolvedGrid,
    RunResult,
    Want,
)
from backtest.timeline import count_bars, fill_bars, load_range
from backtest.types import Bars, WordArray

WANT_ALL = Want()


class Backtester:
    """Runs backtests. One instance serves all threads of a process.

    Args:
        candles: Where candles are.
        strategies: Where saved strategies are.
        defaults: Axes where a request names none.
        read_spec: Turns a stored spec into a template.
        policy: Defaults and limits of runs.
    """

    def __init__(
        self,
        *,
        candles: CandleFeed,
        strategies: StrategyReader,
        defaults: GridDefaults,
        read_spec: SpecReader,
        policy: RunPolicy,
    ) -> None:
        self._candles = candles
        self._strategies = strategies
        self._defaults = defaults
        self._read_spec = read_spec
        self._policy = policy
        self._workers = Workers(policy.threads)

    def close(self) -> None:
        """End the threads."""
        self._workers.close()

    def check(self, request: RunRequest) -> None:
        """Refuse what `run` would refuse without a store; quick, and does not block.

        A saved strategy is not known before its store was asked: it passes.

        Raises:
            InvalidRequest: With every problem found.
            GuardExceeded: More variants than the policy allows.
        """
        if request.template is not None:
            make_draft(request, request.template, self._policy, self._defaults)

    def run(
        self, request: RunRequest, *, user_id: UUID, control: Control, want: Want = WANT_ALL
    ) -> RunResult:
        """Answer a request with the best variants of its grid.

        Blocks; may be called from several threads at once. The result depends on the request, the
        policy and the candles alone, to the bit.

        Args:
            request: The request.
            user_id: Who asks; a saved strategy must be theirs.
            control: Cancels, limits and watches the run.
            want: Which parts of the answer are needed.

        Raises:
            BacktestError: Any of its kinds (`backtest.errors`).
        """
        clock = _Clock()
        with clock.stage("plan"):
            template, saved = self._template(request, user_id)
            plan = make_plan(request, template, self._policy, self._defaults)
            control.claim(self._guard_bytes(plan))
            control.check()
        with clock.stage("load"):
            bars = self._load(plan, control)
        ranked = self._rank(plan, bars, control, clock)
        with clock.stage("report"):
            variants = self._tell(plan, ranked, control, want)
        return RunResult(
            settings=plan.settings,
            grid=_resolved_grid(plan),
            strategy_id=request.strategy_id,
            spec=None if saved is None else saved.spec,
            stage_a_variants=plan.grid.n_base,
            stage_b_variants=plan.n_risk_variants,
            target_bars=bars.target_stop - bars.target_start,
            variants=variants,
            stage_seconds=clock.seconds,
        )

    def estimate(self, request: RunRequest, *, user_id: UUID) -> Estimate:
        """Count what a run would cost, without loading candles.

        A grid above a guard is an answer here, not an error; other mistakes are raised as in
        `run`.
        """
        template, _ = self._template(request, user_id)
        unguarded = replace(
            self._policy, max_variants_per_compute=2**62, max_compute_bytes_total=2**62
        )
        plan = make_plan(request, template, unguarded, self._defaults)
        verdict: Mistake | None = None
        try:
            self._guard_bytes(make_plan(request, template, self._policy, self._defaults))
        except GuardExceeded as error:
            verdict = error
        n_loaded, n_target = self._expected_bars(plan)
        return Estimate(
            stage_a_variants=plan.grid.n_base,
            stage_b_variants=plan.n_risk_variants,
            target_bars=n_target,
            loaded_bars=n_loaded,
            estimated_bytes=estimate_bytes(plan, n_loaded, n_target, self._policy.threads),
            max_variants=self._policy.max_variants_per_compute,
            max_bytes=self._policy.max_compute_bytes_total,
            verdict=None if verdict is None else verdict.details,
        )

    def _template(
        self, request: RunRequest, user_id: UUID
    ) -> tuple[Template, SavedStrategy | None]:
        """The template to run: the request's own, or the saved one if it may be used."""
        if (request.template is None) == (request.strategy_id is None):
            raise BrokenInvariant
        if request.template is not None:
            return request.template, None
        assert request.strategy_id is not None
        saved = self._strategies.find(request.strategy_id)
        if saved is None or saved.is_deleted:
            raise StrategyNotFound(request.strategy_id)
        if saved.user_id != user_id:
            raise StrategyForbidden(request.strategy_id)
        return self._read_spec(saved.spec), saved

    def _expected_bars(self, plan: Plan) -> tuple[int, int]:
        settings = plan.settings
        start_ms, stop_ms = load_range(
            settings.time_range, settings.timeframe, settings.warmup_bars
        )
        return count_bars(
            settings.time_range, settings.timeframe, start_ms=start_ms, stop_ms=stop_ms
        )

    def _guard_bytes(self, plan: Plan) -> int:
        """The bytes that a plan needs, if one run may have so many."""
        needed = estimate_bytes(plan, *self._expected_bars(plan), self._policy.threads)
        if needed > self._policy.max_compute_bytes_total:
            raise GuardExceeded(
                "The run would need more memory than one run may use; shorten the range",
                error="max_compute_bytes_total_exceeded",
                stage="preflight",
                estimated_bytes=needed,
                max_compute_bytes_total=self._policy.max_compute_bytes_total,
            )
        return needed

    def _load(self, plan: Plan, control: Control) -> Bars:
        settings = plan.settings
        time_range, timeframe = settings.time_range, settings.timeframe
        start_ms, stop_ms = load_range(time_range, timeframe, settings.warmup_bars)
        buckets = self._candles.load(
            settings.instrument, timeframe, start_ms=start_ms, stop_ms=stop_ms, control=control
        )
        bars = fill_bars(buckets, timeframe, time_range, start_ms=start_ms, stop_ms=stop_ms)
        if bars.target_start == bars.target_stop:
            raise InvalidRequest([_EMPTY_TARGET])
        control.check()
        return bars

    def _rank(self, plan: Plan, bars: Bars, control: Control, clock: "_Clock") -> "_Ranked":
        settings, grid = plan.settings, plan.grid
        market = Market.of(bars, settings)
        readers = Readers(Series.of(bars), bars.target_start, bars.target_stop)
        with clock.stage("signals"):
            combos = Combos(grid, readers, self._workers, control)
        stages = Stages(combos, market, self._workers, control)
        plane = RiskPlane(market, grid.sl_pct, grid.tp_pct)
        keys = KeyMaker(grid, _variant_keys(plan), control)
        combo_of_base = combos.of_base_variants()
        contest = Contest(
            stages=stages,
            combo_of_base=combo_of_base,
            plane=plane,
            ranking=settings.ranking,
            keys=keys,
            margin=Margin.of(market.n_bars, adds_up=not np.isinf(market.terms[BUDGET_CAP])),
        )
        with clock.stage("stage_a"):
            shortlist = contest.shortlist(plan.n_shortlist)
        with clock.stage("stage_b"):
            winners = contest.best(shortlist, settings.top_k)
            chosen = combo_of_base[[winner.base for winner in winners]]
        return _Ranked(
            scene=Scene(market=market, settings=settings, bars=bars),
            plane=plane,
            keys=keys,
            winners=winners,
            words=stages.words(chosen),
        )

    def _tell(
        self, plan: Plan, ranked: "_Ranked", control: Control, want: Want
    ) -> tuple[RankedVariant, ...]:
        """Replay and report the winners, several at a time."""
        settings, winners = plan.settings, ranked.winners
        told: list[RankedVariant | None] = [None] * len(winners)
        reports = want.reports and (want.is_explicit or settings.eager_reports)

        def tell(place: int, tile: Tile, levels: tuple[int, int]) -> None:
            winner = winners[place]
            replay = VariantReplay.of(
                ranked.scene, ranked.words[place], (tile.stops, tile.profits), levels
            )
            with_trades = want.trades and place < settings.top_trades_n
            report = replay.report(with_trades=with_trades) if reports else None
            told[place] = _ranked_variant(plan, ranked.keys, winner, replay, report)

        cells = np.array([winner.cell for winner in winners], np.int64)
        for tile in ranked.plane.tiles():
            levels = tile.levels_of(cells, ranked.plane)
            here = np.flatnonzero((levels >= 0).all(axis=0)).tolist()
            chunks = [
                partial(tell, place, tile, (int(levels[0, place]), int(levels[1, place])))
                for place in here
            ]
            self._workers.run("report", chunks, control)
        return tuple(variant for variant in told if variant is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """The winners of a run and what their replays need; `words` is (n, 2, n_words)."""

    scene: Scene
    plane: RiskPlane
    keys: KeyMaker
    winners: list[Winner]
    words: WordArray


class _Clock:
    """Seconds spent in each stage of a run."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """Count the time of a block under `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - start


def _ranked_variant(
    plan: Plan, keys: KeyMaker, winner: Winner, replay: VariantReplay, report: Report | None
) -> RankedVariant:
    grid = plan.grid
    point = grid.point(winner.base)
    return RankedVariant(
        variant_index=winner.rank * grid.n_risk + winner.cell,
        variant_key=keys.key(winner.base, winner.cell),
        indicator_variant_key=keys.indicator_key(winner.base),
        total_return_pct=replay.total_return_pct(),
        selections=tuple(grid.selections(point)),
        signals=grid.signals(point),
        risk=grid.risk(winner.cell),
        report=report,
        replay=replay,
    )


def _variant_keys(plan: Plan) -> VariantKeys:
    settings = plan.settings
    return VariantKeys(
        instrument=settings.instrument,
        timeframe=settings.timeframe,
        direction_mode=settings.direction_mode,
        sizing_mode=settings.sizing_mode,
        execution=plan.execution,
    )


def _resolved_grid(plan: Plan) -> ResolvedGrid:
    grid = plan.grid
    return ResolvedGrid(
        indicators={entry.indicator.id: dict(entry.axes) for entry in grid.indicators},
        signals={
            entry.indicator.id: dict(entry.signal_axes)
            for entry in grid.indicators
            if entry.signal_axes
        },
        sl_pct=grid.sl_pct,
        tp_pct=grid.tp_pct,
        execution=plan.execution,
    )


_EMPTY_TARGET = Problem(
    ("time_range",),
    "empty_target",
    "no bar closes inside the range; ask for a longer range or a shorter timeframe",
)
