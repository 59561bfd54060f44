"""The only place where adapters are chosen and constructed.

See: docs/configuration.md
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from backtest.adapters.candles.cache import CachedCandles
from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.coverage import Coverage, coverage
from backtest.adapters.candles.feed import ClickHouseCandles
from backtest.adapters.candles.old_form import prepare_folder
from backtest.adapters.candles.table import StoredInstrument, stored_instruments
from backtest.adapters.strategies.reader import SqlStrategies
from backtest.adapters.strategies.writer import StrategyWriter
from backtest.engine.find_device import accelerator_for
from backtest.engine.shards import Machines
from backtest.ports import CandleFeed
from backtest.run import Backtester
from bff.admission.memory_budget import MemoryBudget
from bff.admission.pool import RunPool
from bff.admission.quota_store import QuotaStore
from bff.admission.quotas import Quota
from bff.config.environment import Environment
from bff.config.secret import signing_secret
from bff.config.settings import Settings
from bff.http.auth import Authenticator, Caller
from bff.http.request_log import Watcher
from bff.http.strict_json import JsonLimits
from bff.machine import n_processors
from bff.runner.client import RunnerProcess
from bff.runner.local import LocalRunner, PreparedRunner, Runner, Store
from bff.stores import candle_folder, candle_target, strategies_url
from bff.telemetry.observed import ObservedUseCase
from resolvers.market import Market, StoredFacts
from resolvers.service import BacktestService
from resolvers.strategies import Strategies
from schema.strategy_spec import read_spec

COVERAGE_PARTS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that lives as long as the process; both faces hold the same objects.

    `runner` does what may take long, `service` answers the rest in the thread that asks. `runs`
    has places for grids, short ones of at most `short_run_s` apart from long ones, `queries` for
    cheap questions, so that these never wait for those.
    `requests` is what one user may ask, `quota_store` where several processes count that together;
    `watchers` are shown the facts of every answered request.

    See: docs/configuration.md
    """

    settings: Settings
    candles: Store
    strategies: Store
    service: BacktestService
    runner: Runner
    authenticate: Callable[[Headers, str], Caller]
    runs: RunPool
    queries: RunPool
    json_limits: JsonLimits
    deadline_s: float
    short_run_s: float = 1.0
    requests: Quota | None = None
    quota_store: QuotaStore | None = None
    watchers: list[Watcher] = field(default_factory=list[Watcher])
    closers: tuple[Callable[[], None], ...] = ()

    async def identify(self, request: HTTPConnection) -> Caller:
        """Who asks, if they may ask now.

        Raises:
            RoehubError: `unauthorized`.
            RateLimited: The user asks too often.
        """
        caller = self.authenticate(request.headers, request.scope["scheme"])
        if self.requests is not None:
            await self.requests.take(caller.user_id)
        return caller

    def close(self) -> None:
        """End running work, then close the stores."""
        for close in (self.runs.close, self.queries.close, *self.closers):
            close()


def build(settings: Settings, process: RunnerProcess | None = None) -> Services:
    """Construct the process from its settings; no store is contacted yet.

    The folders of embedded stores are made here and nowhere later: one that is missing afterwards
    was moved away, and must not be taken for an empty store.

    Args:
        settings: What was configured.
        process: Where runs are computed, and candles asked for; None for this process.

    See: docs/configuration.md
    """
    compute = settings.compute
    make_folders(settings.environment)
    local = local_runner(settings)
    quota_store = _quota_store(settings.environment)
    return Services(
        settings=settings,
        candles=process or local.candles,
        strategies=local.strategies,
        service=local.service,
        runner=process or local,
        authenticate=_authenticate(settings),
        requests=_quota(compute.requests_per_user_minute, "requests", quota_store),
        quota_store=quota_store,
        runs=RunPool(
            running=compute.running_runs or n_processors(),
            waiting=compute.waiting_runs,
            short=compute.running_short_runs or n_processors(),
            short_s=compute.short_run_seconds,
            per_user=compute.runs_per_user,
            retry_after_s=compute.retry_after_seconds,
            quota=_quota(compute.run_seconds_per_user_minute, "run_ms", quota_store, units=1_000),
        ),
        queries=RunPool(running=compute.running_queries, waiting=compute.waiting_queries),
        json_limits=JsonLimits(
            max_depth=settings.server.json_max_depth,
            max_number_chars=settings.server.json_max_number_chars,
            max_values=settings.server.json_max_values,
        ),
        deadline_s=settings.backtest.sync.sync_deadline_seconds,
        short_run_s=compute.short_run_seconds,
        closers=(local.close,) if quota_store is None else (local.close, quota_store.close),
    )


def served_runner(settings: Settings) -> PreparedRunner:
    """Who does the runs in the process that computes: itself, or the nodes of a cluster.

    See: docs/scale.md
    """
    here = local_runner(settings)
    if settings.cluster is None:
        return here
    from bff.runner.cluster.nodes import Nodes  # noqa: PLC0415 - Ray is an extra
    from bff.runner.cluster.ray_calls import RayCluster  # noqa: PLC0415
    from bff.runner.cluster.runner import ClusterRunner  # noqa: PLC0415

    connect = partial(RayCluster, settings.cluster, n_cpus=n_processors())
    return ClusterRunner(here, Nodes(connect, settings, local_runner))


def local_runner(settings: Settings, machines: Machines | None = None) -> LocalRunner:
    """The engine between its stores; neither is contacted yet.

    Args:
        settings: What was configured.
        machines: Who looks through shards of its large runs; None for nobody.

    See: docs/configuration.md
    """
    environment, compute = settings.environment, settings.compute
    policy = settings.policy(cpus=n_processors())
    pool = ClickHousePool(candle_target(environment))
    candles = candle_feed(pool, max_cached_bytes=compute.candle_cache_bytes)
    url = strategies_url(environment)
    strategies = SqlStrategies(url)
    accelerator = accelerator_for(settings.device, _report_device)
    backtester = Backtester(
        candles=candles,
        strategies=strategies,
        defaults=settings.grid_defaults,
        read_spec=read_spec,
        policy=policy,
        accelerator=accelerator,
        machines=machines,
    )

    def close() -> None:
        for part in (backtester, strategies, pool):
            part.close()

    return LocalRunner(
        service=BacktestService(
            backtester=ObservedUseCase(backtester),
            defaults=settings.grid_defaults,
            policy=policy,
            market=Market(candles, partial(stored_facts, pool)),
            strategies=Strategies(
                shelf=strategies,
                open_writer=_writer(url) if settings.server.save_strategies else None,
                defaults=settings.grid_defaults,
                policy=policy,
                new_id=uuid4,
                now=partial(datetime.now, UTC),
            ),
        ),
        candles=candles,
        strategies=strategies,
        memory=MemoryBudget(compute.memory_bytes, compute.reserve_bytes),
        close=close,
        open_device=accelerator.device,
        look_through=backtester.look,
    )


def _report_device(sentence: str, is_bad: bool) -> None:
    """To the log of a service; a command keeps its standard output for its answer."""
    if not structlog.is_configured():
        if is_bad:
            sys.stderr.write(f"{sentence}\n")
        return
    log = structlog.stdlib.get_logger(__name__)
    emit = log.warning if is_bad else log.info
    emit("device", state=sentence)


def stored_facts(pool: ClickHousePool) -> list[StoredFacts]:
    """What the candle store holds, with the gaps of each instrument.

    See: docs/stores.md#what-is-stored
    """
    found = stored_instruments(pool)
    return [_facts(stored, coverage(pool, stored.instrument, stored.length_ms)) for stored in found]


def _facts(stored: StoredInstrument, covered: Coverage) -> StoredFacts:
    return StoredFacts(
        instrument=stored.instrument,
        candle_ms=stored.length_ms,
        first_ms=stored.first_ms,
        last_ms=stored.last_ms,
        n_minutes=stored.n_minutes,
        n_rows=stored.n_rows,
        n_gaps=covered.n_gaps,
        n_missing=covered.n_expected - covered.n_candles,
        shares=covered.shares(COVERAGE_PARTS).tolist(),
        sources=stored.sources,
    )


def _writer(url: str) -> Callable[[], StrategyWriter]:
    """Opened when somebody saves for the first time, because opening it makes the table."""
    return cache(lambda: StrategyWriter(url))


def _quota(
    per_minute: int | None, name: str, store: QuotaStore | None, *, units: int = 1
) -> Quota | None:
    return None if per_minute is None else Quota(per_minute * units, name, store)


def _quota_store(environment: Environment) -> QuotaStore | None:
    url = environment.quota_redis_url
    return None if url is None else QuotaStore(url.get_secret_value())


def make_folders(environment: Environment) -> None:
    """Make the folders of the stores that are embedded.

    Raises:
        CandlesUnavailable: That of the candles cannot be made, or its old form not be converted.
        OSError: The data directory cannot be made.

    See: docs/stores.md#the-embedded-store
    """
    if environment.ch_host is None:
        prepare_folder(candle_folder(environment))
    if environment.strategy_pg_dsn is None:
        environment.data_dir.mkdir(parents=True, exist_ok=True)


def candle_feed(pool: ClickHousePool, *, max_cached_bytes: int) -> CandleFeed:
    """The store, behind a cache where it may have some memory.

    See: docs/configuration.md
    """
    stored = ClickHouseCandles(pool)
    return CachedCandles(stored, max_bytes=max_cached_bytes) if max_cached_bytes else stored


def _authenticate(settings: Settings) -> Callable[[Headers, str], Caller]:
    """Made when somebody asks for the first time, because making it may write a secret."""
    made = cache(partial(authenticator, settings))

    def authenticate(headers: Headers, scheme: str) -> Caller:
        return made()(headers, scheme)

    return authenticate


def authenticator(settings: Settings) -> Authenticator:
    """Who verifies tokens, with the same secret that `token` signs with.

    See: docs/configuration.md
    """
    return Authenticator(
        secret=signing_secret(settings.environment),
        cookie_name=settings.environment.cookie_name,
        allowed_origins=frozenset(settings.server.allowed_origins),
        leeway_s=settings.identity.leeway_seconds,
    )
