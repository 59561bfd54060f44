import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import roehub
from bff.http.tokens import issue_token
from roehub import local
from tests.bff.doubles import USER
from tests.bff.served import Served, serving

N_DAYS = 20
SECRET = "k" * 32
GRID: dict[str, Any] = {
    "instrument": "binance:spot:BTCUSDT",
    "timeframe": "15m",
    "start": "2024-01-04",
    "end": "2024-01-20",
    "indicators": {
        "ma.ema": {"window": range(5, 40, 5), "source": "close"},
        "momentum.rsi": {"window": [10, 14], "source": "close"},
    },
    "stop_loss": [1.0, 3],
    "top_k": 6,
    "top_trades_n": 3,
}


@dataclass(frozen=True)
class Places:
    """The same candles in a folder and behind a service."""

    store: Path
    service: Served
    token: str

    @property
    def address(self) -> str:
        """Of the service."""
        return self.service.address


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """They change nothing that another test could see."""
    store = tmp_path_factory.mktemp("store")
    _fill(store)
    token = issue_token(SECRET, user_id=USER, paid_level="pro", ttl_s=86_400)
    variables = {"ROEHUB_ENV": "dev", "ROEHUB_THREADS": "1", "IDENTITY_JWT_SECRET": SECRET}
    with serving(store, "--metrics-port", "0", **variables) as service:
        yield Places(store=store, service=service, token=token)


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    """What this process has opened to run here ends with each file."""
    yield
    local.close()


def _fill(store: Path) -> None:
    words = f"candles generate --symbol BTCUSDT --days {N_DAYS} --seed 7".split()
    environ = os.environ | {"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(store)}
    subprocess.run([sys.executable, "-m", "bff", *words], env=environ, check=True)


@pytest.fixture
def result(places: Places) -> roehub.Result:
    return roehub.run(store=places.store, **GRID)
