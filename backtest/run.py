"""The use-case: a request in, the best variants with their reports out.

It reads like the table of contents of a backtest: resolve, guard, load, score, rank, report.

See: docs/scoring.md, docs/grid.md, docs/timeline.md, docs/memory.md
"""

from contextlib import closing
from dataclasses import replace
from uuid import UUID

from backtest.answer_parts import make_answer_parts
from backtest.control import Control
from backtest.engine.limits.effort import effort_s, part_effort_s, saved_effort_s
from backtest.engine.limits.estimate import NO_TRADES, estimate_bytes
from backtest.engine.limits.guards import Guards
from backtest.engine.pipeline.slabs import Candidates
from backtest.engine.ranked import LookElsewhere, look_through, rank_variants
from backtest.engine.shards import (
    Found,
    Keep,
    Machines,
    Shard,
    cut_outer,
    gathered,
    shards_for_growth,
)
from backtest.engine.signal_rows.first_signal import is_on_before
from backtest.engine.workers.accelerator import Accelerator
from backtest.engine.workers.chunks import Workers
from backtest.errors import (
    BrokenInvariant,
    GuardExceeded,
    Loc,
    NoMarketData,
    StrategyForbidden,
    StrategyNotFound,
)
from backtest.found import candles_found
from backtest.missing_candles import MissingCandles
from backtest.plan import Draft, Plan, make_draft, make_plan
from backtest.policy import RunPolicy, Want
from backtest.ports import CandleFeed, GridDefaults, SavedStrategy, SpecReader, StrategyReader
from backtest.report.metrics import benchmark_return_pct
from backtest.report.variants import report_winners
from backtest.request import RunRequest, Template
from backtest.result import CandlesFound, Estimate, PartEstimate, RunResult
from backtest.stopwatch import Stopwatch
from backtest.timeline import fill_bars, load_range
from backtest.types import AnswerPart, Bars

WANT_ALL = Want()


class Backtester:
    """Runs backtests. One instance serves all threads of a process.

    Args:
        candles: Where candles are.
        strategies: Where saved strategies are.
        defaults: Axes where a request names none.
        read_spec: Turns a stored spec into a template.
        policy: Defaults and limits of runs.
        accelerator: The device that may score; closed with the threads.
        machines: Who looks through the shards of a large run; None for this process alone.

    See: docs/grid.md, docs/timeline.md, docs/scoring.md, docs/metrics.md (bff/wiring.py makes it)
    """

    def __init__(
        self,
        *,
        candles: CandleFeed,
        strategies: StrategyReader,
        defaults: GridDefaults,
        read_spec: SpecReader,
        policy: RunPolicy,
        accelerator: Accelerator | None = None,
        machines: Machines | None = None,
    ) -> None:
        self._candles = candles
        self._strategies = strategies
        self._defaults = defaults
        self._read_spec = read_spec
        self._policy = policy
        self._machines = machines
        self._accelerator = accelerator or Accelerator()
        self._workers = Workers(policy.threads, self._accelerator)

    def close(self) -> None:
        """End the threads."""
        self._workers.close()
        self._accelerator.close()

    def check(self, request: RunRequest) -> float:
        """Refuse what `run` would refuse without a store; quick, and does not block.

        A saved strategy is not known before its store was asked: it passes.

        Returns:
            About how many seconds of one processor the run will take.

        Raises:
            InvalidRequest: With every problem found.
            GuardExceeded: More variants than the policy allows.
        """
        if request.template is None:
            return saved_effort_s(request, self._policy)
        draft = make_draft(request, request.template, self._policy, self._defaults)
        return effort_s(request, draft, self._policy)

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
        stopwatch = Stopwatch()
        with stopwatch.stage("plan"):
            template, saved = self._template(request, user_id)
            plan = make_plan(request, template, self._policy, self._defaults)
            guards = Guards(plan=plan, policy=self._policy, want=want)
            guards.check_answer(NO_TRADES, "preflight")
            control.claim(guards.bytes_needed(), guards.bytes_at_first())
            control.check()
        with stopwatch.stage("load"):
            at = ("template",) if saved is None else ("spec",)
            bars, found = self._load(plan, (*at, "instrument_id"), control)
        ranked = rank_variants(
            plan,
            bars,
            self._workers,
            control,
            stopwatch,
            with_ledger=want.ledger,
            with_neighbours=AnswerPart.LANDSCAPE in want.parts,
            elsewhere=self._elsewhere(request, template, bars, control),
        )
        with stopwatch.stage("report"):
            variants = report_winners(guards, bars, ranked, self._workers, control)
            is_on_at_start = any(best.replay.opens_at_once for best in variants[:1]) and (
                is_on_before(plan.grid, ranked.winners[0].base, bars, self._workers, control)
            )
        with stopwatch.stage("beside"):
            parts = make_answer_parts(guards, bars, ranked, variants, self._workers, control)
        return RunResult(
            settings=plan.settings,
            grid=plan.resolved_grid(),
            strategy_id=request.strategy_id,
            spec=None if saved is None else saved.spec,
            stage_a_variants=plan.grid.n_base,
            stage_b_variants=plan.n_risk_variants,
            target_bars=bars.target_stop - bars.target_start,
            found=found,
            is_on_at_start=is_on_at_start,
            holding_return_pct=benchmark_return_pct(
                bars.close[bars.target_start : bars.target_stop]
            ),
            variants=variants,
            stage_seconds=stopwatch.seconds,
            parts=parts,
            scored_by=ranked.scored_by,
        )

    def look(self, shard: Shard, bars: Bars, control: Control) -> Found:
        """Look through a part of the grid of a run that another machine has begun.

        Raises:
            BacktestError: The control's end.
        """
        plan = make_plan(shard.request, shard.template, self._policy, self._defaults)
        return look_through(shard, plan, bars, self._workers, control)

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
        draft = make_draft(request, template, unguarded, self._defaults)
        n_loaded, n_target = plan.count_bars()
        n_bytes = estimate_bytes(plan, n_loaded, n_target, self._policy, WANT_ALL)
        refusal = self._refusal(request, template)
        return Estimate(
            stage_a_variants=plan.grid.n_base,
            stage_b_variants=plan.n_risk_variants,
            target_bars=n_target,
            loaded_bars=n_loaded,
            estimated_bytes=n_bytes,
            max_variants=self._policy.max_variants_per_compute,
            max_bytes=self._policy.max_compute_bytes_total,
            verdict=None if refusal is None else refusal.details,
            processor_s=effort_s(request, draft, self._policy),
            parts=tuple(self._part(part, request, plan, draft, n_bytes) for part in AnswerPart),
        )

    def _refusal(self, request: RunRequest, template: Template) -> GuardExceeded | None:
        """Which guard would stop the run, if one would."""
        try:
            plan = make_plan(request, template, self._policy, self._defaults)
            Guards(plan=plan, policy=self._policy, want=WANT_ALL).bytes_needed()
        except GuardExceeded as error:
            return error
        return None

    def _part(
        self, part: AnswerPart, request: RunRequest, plan: Plan, draft: Draft, n_bytes: int
    ) -> PartEstimate:
        """What one part of the answer adds to the `n_bytes` of a run without any."""
        want = replace(WANT_ALL, parts=frozenset({part}))
        with_part = estimate_bytes(plan, *plan.count_bars(), self._policy, want)
        return PartEstimate(
            part=part,
            n_bytes=with_part - n_bytes,
            processor_s=part_effort_s(request, draft, self._policy, part),
        )

    def _elsewhere(
        self, request: RunRequest, template: Template, bars: Bars, control: Control
    ) -> LookElsewhere | None:
        """Who finds the candidates of a run that is worth being cut into shards."""
        machines = self._machines
        if machines is None:
            return None
        draft = make_draft(request, template, self._policy, self._defaults)
        n_shards = machines.n_shards(effort_s(request, draft, self._policy))
        if n_shards < 2:
            return None

        def look(n_outer: int, n_fast: int, n_kept: int, keep: Keep | None) -> Candidates | None:
            with_ledger = keep is not None
            n_least = shards_for_growth(n_outer * n_fast) if with_ledger else 1
            shards = [
                Shard(
                    request=request,
                    template=template,
                    outer=outer,
                    n_kept=n_kept,
                    with_ledger=with_ledger,
                )
                for outer in cut_outer(n_outer, max(n_shards, n_least))
            ]
            if len(shards) < 2:
                return None
            with closing(machines.look(shards, bars, control)) as found:
                return gathered(found, n_kept, keep)

        return look

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

    def _load(self, plan: Plan, loc: Loc, control: Control) -> tuple[Bars, CandlesFound]:
        settings = plan.settings
        time_range, timeframe = settings.time_range, settings.timeframe
        missing = MissingCandles(self._candles, settings.instrument, loc, control)
        complete = plan.count_bars()
        if complete[1] == 0:
            raise missing.empty_range(timeframe)
        start_ms, stop_ms = load_range(time_range, timeframe, settings.warmup_bars)
        buckets = self._candles.load(
            settings.instrument, timeframe, start_ms=start_ms, stop_ms=stop_ms, control=control
        )
        try:
            bars = fill_bars(buckets, timeframe, time_range, start_ms=start_ms, stop_ms=stop_ms)
        except NoMarketData:
            raise missing.no_market_data(timeframe) from None
        found = candles_found(buckets, bars, time_range, complete=complete)
        if found.n_bars_filled == bars.target_stop - bars.target_start:
            raise missing.no_market_data(timeframe)
        control.check()
        return bars, found
