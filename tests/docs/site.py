"""Where the pages are read: a folder with the demo's store, and a service over it."""

import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.write import write_minutes
from backtest.adapters.ingest.generate import SyntheticMarket, generate
from backtest.adapters.strategies.writer import StrategyWriter
from backtest.types import Instrument
from bff.config.settings import load_settings
from bff.demo import scene
from bff.http.tokens import issue_token
from bff.wiring import candle_target, strategies_url
from schema.examples import USER
from tests.bff.served import serving
from tests.saved_spec import SPEC
from tests.waiting import PATIENCE_S

PRINTED = "http://127.0.0.1:8080"
SECRET = "k" * 32
DAYS = 31


@dataclass(frozen=True, kw_only=True)
class Site:
    """A service at `address` over the stores in `folder`."""

    folder: Path
    address: str

    @property
    def environ(self) -> dict[str, str]:
        """What a shell in this place has set."""
        return {
            "ROEHUB_ENV": "dev",
            "ROEHUB_DATA_DIR": str(self.folder),
            "IDENTITY_JWT_SECRET": SECRET,
        }

    def token(self, user_id: UUID = USER) -> str:
        """A token of the demo's user, or of another."""
        return issue_token(SECRET, user_id=user_id, paid_level="pro", ttl_s=86_400)

    def ask(
        self, path: str, body: bytes | None = None, *, method: str | None = None, **headers: str
    ) -> tuple[int, str]:
        """Status and text of an answer; members of `headers` are written with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, body, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()


@contextmanager
def opened_site(folder: Path) -> Generator[Site]:
    """The demo's year, a month of BTCUSDT, and a saved strategy, behind a service."""
    _fill(folder)
    with serving(folder, ROEHUB_ENV="dev", IDENTITY_JWT_SECRET=SECRET) as served:
        yield Site(folder=folder, address=served.address)


def _fill(folder: Path) -> None:
    settings = load_settings({"ROEHUB_DATA_DIR": str(folder)})
    scene.write_candles(settings)
    market = SyntheticMarket(
        first_ms=int(scene.FIRST_DAY.timestamp() * 1_000),
        n_minutes=DAYS * 1_440,
        seed=7,
        start_price=30_000.0,
        volatility_rate=0.03,
        gap_rate=0.0,
    )
    pool = ClickHousePool(candle_target(settings.environment))
    try:
        write_minutes(
            pool,
            Instrument(market_id=1, symbol="BTCUSDT"),
            generate(market),
            source="synthetic",
            now_ms=int(datetime.now(UTC).timestamp() * 1_000),
            ingest_id=uuid4(),
        )
    finally:
        pool.close()
    _save(strategies_url(settings.environment))


def _save(url: str) -> None:
    writer = StrategyWriter(url)
    try:
        writer.add(
            strategy_id=scene.examples.STRATEGY,
            user_id=USER,
            name="of the demo",
            spec=SPEC,
            created_at=datetime.now(UTC),
            replace=True,
        )
    finally:
        writer.close()
