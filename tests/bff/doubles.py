"""A process without stores: the real door, settings and pools around a service that is told."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast
from uuid import UUID

from starlette.testclient import TestClient

from backtest.control import Control
from backtest.errors import BacktestError
from backtest.request import RunRequest
from bff.admission.memory_budget import MemoryBudget
from bff.admission.pool import RunPool
from bff.admission.quotas import Quota
from bff.app import create_app
from bff.config.secret import signing_secret
from bff.config.settings import load_settings
from bff.http.strict_json import JsonLimits
from bff.http.tokens import issue_token
from bff.runner.local import Job, LocalRunner
from bff.wiring import Services, authenticator
from resolvers.service import BacktestService
from schema.response import BacktestResponse

T = TypeVar("T")

USER = UUID("00000000-0000-4000-8000-000000000001")

GOOD: dict[str, Any] = {
    "time_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-02-01T00:00:00Z"},
    "template": {
        "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
        "timeframe": "15m",
        "indicator_grids": [{"indicator_id": "ma.sma"}],
    },
}

ANSWER = BacktestResponse.model_validate(
    {
        "mode": "template",
        "strategy_id": None,
        "instrument_id": {"market_id": 1, "symbol": "BTCUSDT"},
        "timeframe": "15m",
        "warmup_bars": 200,
        "top_k": 300,
        "preselect": 20_000,
        "top_trades_n": 3,
        "spec_hash": None,
        "grid_request_hash": "0" * 64,
        "engine_params_hash": "1" * 64,
        "stage_a_variants": 0,
        "stage_b_variants": 0,
        "target_bars": 2_976,
        "data": {
            "first_candle": "2024-01-01T00:00:00.000Z",
            "last_candle": "2024-01-31T23:59:00.000Z",
            "candle_seconds": 60,
            "candles_expected": 44_640,
            "candles_present": 44_640,
            "candles_missing": 0,
            "bars_filled": 0,
            "longest_gap": None,
        },
        "notes": [{"code": "no_costs", "message": "Fills cost nothing here"}],
        "variants": [],
        "evidence": None,
        "landscape": None,
        "receipt": None,
    }
)


@dataclass(eq=False)
class ToldService:
    """Gives one answer or raises one error, and remembers who asked what.

    `refusal` is what it says before anything runs, and `effort_s` what it expects of a run.
    """

    outcome: BacktestResponse | Exception = ANSWER
    asked: list[tuple[UUID, RunRequest]] = field(default_factory=list[tuple[UUID, RunRequest]])
    refusal: BacktestError | None = None
    effort_s: float = 10.0

    def check(self, request: RunRequest) -> float:
        del request
        if self.refusal is not None:
            raise self.refusal
        return self.effort_s

    def run(
        self, request: RunRequest, *, user_id: UUID, control: Control, **_: object
    ) -> BacktestResponse:
        control.check()
        self.asked.append((user_id, request))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Store:
    """A store that answers its ping, or fails with what it was given."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.is_closed = False

    def ping(self) -> None:
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        self.is_closed = True


class Courier:
    """Does jobs here, but as a process apart would: whatever comes and goes was pickled."""

    def __init__(self, inner: LocalRunner) -> None:
        self._inner = inner

    def do(self, job: Job[T], control: Control, *, is_repeatable: bool = False) -> T:
        del is_repeatable
        try:
            return _carried(self._inner.do(_carried(job), control))
        except BacktestError as error:
            raise _carried(error) from None


def _carried(value: T) -> T:
    return pickle.loads(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def serving(built: Services, service: BacktestService, *closers: Callable[[], None]) -> Services:
    """The same process around another service."""
    here = LocalRunner(
        service=service,
        candles=built.candles,
        strategies=built.strategies,
        memory=MemoryBudget(1 << 40),
        close=lambda: None,
    )
    return replace(built, service=service, runner=Courier(here), closers=(*built.closers, *closers))


def services(
    service: ToldService | None = None,
    *,
    candles: Store | None = None,
    strategies: Store | None = None,
    environ: dict[str, str] | None = None,
    requests: Quota | None = None,
) -> Services:
    settings = load_settings({"ROEHUB_ENV": "test", **(environ or {})})
    candles, strategies = candles or Store(), strategies or Store()
    told = cast("BacktestService", service or ToldService())
    here = LocalRunner(
        service=told,
        candles=candles,
        strategies=strategies,
        memory=MemoryBudget(1 << 40),
        close=lambda: None,
    )
    return Services(
        settings=settings,
        candles=candles,
        strategies=strategies,
        service=told,
        runner=Courier(here),
        authenticate=authenticator(settings),
        runs=RunPool(running=2, waiting=2),
        queries=RunPool(running=1, waiting=2),
        json_limits=JsonLimits(),
        deadline_s=600.0,
        requests=requests,
        closers=(candles.close, strategies.close),
    )


@contextmanager
def client(built: Services) -> Iterator[TestClient]:
    """A client of the whole application; its lifetime is the application's."""
    with TestClient(create_app(built)) as opened:
        yield opened


def token(built: Services) -> str:
    secret = signing_secret(built.settings.environment)
    return issue_token(secret, user_id=USER, paid_level="pro", ttl_s=86_400)
