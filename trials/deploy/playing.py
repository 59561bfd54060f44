"""The page after the build: stores, proxies, an upgrade under load, metrics, quotas."""

import json
import math
import ssl
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from backtest.adapters.strategies.writer import StrategyWriter
from tests.saved_spec import SPEC
from tests.waiting import wait_for
from trials.deploy import quotas
from trials.deploy.load import Client, clients_asking, opened
from trials.deploy.packages import Installed
from trials.deploy.programs import said
from trials.deploy.service import PER_MINUTE, Fleet
from trials.deploy.stores import Rights
from trials.deploy.watching import Prometheus

DAYS = 30
N_QUESTIONS = 450
CODINGS = ("identity", "gzip", "br")
MADE_UP = "203.0.113.9"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that a row of the table may need."""

    folder: Path
    first: Installed
    following: Installed
    environ: dict[str, str]
    admin: dict[str, str]
    rights: Rights
    clients: tuple[Client, ...]
    fleet: Fleet

    def command(self, *words: str, as_admin: bool = False) -> str:
        """What `roehub-backtest` prints."""
        return said([self.first.program, *words], env=self.admin if as_admin else self.environ)

    @property
    def ports(self) -> list[int]:
        return [process.port for process in self.fleet.processes]

    @property
    def metrics_ports(self) -> list[int]:
        return [process.metrics_port for process in self.fleet.processes]


def make_stores(scene: Scene) -> str:
    """As the user who may make tables; a second time there is nothing to do."""
    scene.rights.make_users()
    first = scene.command("stores", "init", as_admin=True)
    again = scene.command("stores", "init", as_admin=True)
    n_made = first.count("was created")
    assert n_made >= 2, first
    assert "was created" not in again, again
    scene.rights.let_read()
    return f"{n_made} steps made; again: none"


def check_before(scene: Scene) -> str:
    """What is missing ends it with 1 and is told."""
    told = said([scene.first.program, "check"], env=scene.environ, code=1)
    assert "stores init" in told, told
    return "ends with 1 and says: `stores init`"


def check_after(scene: Scene) -> str:
    """As the user of the service."""
    scene.command("candles", "generate", "--symbol", "BTCUSDT", "--days", str(DAYS), as_admin=True)
    save_strategies(scene)
    told = scene.command("check")
    wanted = (f"{DAYS * 1_440:,} rows", f"{len(scene.clients)} strategies", "quotas: shared")
    assert all(part in told for part in wanted), told
    return f"ends with 0: 1 instrument, {', '.join(wanted)}"


def save_strategies(scene: Scene) -> None:
    """One of each client."""
    writer = StrategyWriter(scene.admin["STRATEGY_PG_DSN"])
    for client in scene.clients:
        writer.add(
            strategy_id=client.strategy_id,
            user_id=client.user_id,
            name="saved",
            spec=SPEC,
            created_at=datetime.now(UTC),
        )
    writer.close()


def through_proxy(scene: Scene, address: str, trust: ssl.SSLContext) -> str:
    """One run in each coding, a compressed body, a wrong method, and a made-up address."""
    client = scene.clients[0]
    path, body = client.asks()["run over GraphQL"]
    with _connected(client, address, trust) as connection:
        texts: set[str] = set()
        sizes: list[int] = []
        for coding in CODINGS:
            answer = connection.post(path, content=body, headers={"Accept-Encoding": coding})
            assert answer.status_code == 200, answer.text
            assert answer.headers.get("content-encoding", "identity") == coding
            texts.add(answer.text)
            sizes.append(answer.num_bytes_downloaded)
        assert len(texts) == 1
        packed = connection.post(path, content=body, headers={"Content-Encoding": "gzip"})
        refused = connection.put(path, content=body)
    assert (packed.status_code, refused.status_code) == (415, 405)
    assert _told_addresses(scene) == {client.address}, _told_addresses(scene)
    shown = ", ".join(f"{size:,}" for size in sizes).replace(",", " ").replace("  ", ", ")
    return f"the same text three times: {shown} bytes; 415; 405; the client's own address is told"


def _connected(client: Client, address: str, trust: ssl.SSLContext) -> httpx2.Client:
    alike = opened(client, address, trust)
    return httpx2.Client(
        base_url=address,
        transport=httpx2.HTTPTransport(local_address=client.address, verify=trust),
        headers={**alike.headers, "X-Forwarded-For": MADE_UP},
        timeout=60,
    )


def _told_addresses(scene: Scene) -> set[str]:
    lines = [
        json.loads(line)
        for process in scene.fleet.processes
        for line in process.log.read_text(encoding="utf-8").splitlines()
    ]
    return {line["client"] for line in lines if line.get("path") == "/graphql"}


def replace_under_load(
    scene: Scene, address: str, trust: ssl.SSLContext, installed: Installed, seconds: float
) -> str:
    """Each process by one of another version, with load before, between and after."""
    with clients_asking(scene.clients, address, trust) as seen:
        time.sleep(seconds / 2)
        codes = scene.fleet.replace(installed)
        time.sleep(seconds / 2)
    assert codes == [0] * len(codes), codes
    versions = {process.version() for process in scene.fleet.processes}
    assert versions == {installed.version}, versions
    return f"to {installed.version}: {seen.told()}; each old process ended with 0"


def watch(prometheus: Prometheus, n_processes: int) -> str:
    """Every process is scraped and every panel has something to show."""
    wait_for(lambda: prometheus.targets_up() == n_processes)
    wait_for(prometheus.has_data)
    right = sum(prometheus.values('increase(roehub_requests_total{code="ok"}[10m])'))
    return (
        f"{n_processes} of {n_processes} scraped; {prometheus.panels()}; {right:.0f} answers `ok`"
    )


def ring(scene: Scene, prometheus: Prometheus) -> str:
    """An alert rings when a process is away, and is quiet when it is back."""
    assert not prometheus.alerts(), prometheus.alerts()
    process = scene.fleet.processes[0]
    process.stop()
    wait_for(lambda: prometheus.alerts().get("RoehubDown") == "firing")
    process.start(scene.following)
    wait_for(lambda: not prometheus.alerts())
    return "quiet; `RoehubDown` rings; quiet again"


def spend_together(scene: Scene, trust: ssl.SSLContext) -> str:
    """A user who asks each of three processes for half of the quota has the quota, once."""
    started = time.monotonic()
    statuses = _spent(scene, trust, user=100)
    most = PER_MINUTE + math.ceil((time.monotonic() - started) * PER_MINUTE / 60) + 1
    assert PER_MINUTE <= statuses[200] <= most, statuses
    return f"{statuses[200]} of {N_QUESTIONS} answered, the others 429"


def spend_apart(scene: Scene, trust: ssl.SSLContext) -> str:
    """With the Redis gone each process counts for itself, and nobody is refused for that."""
    statuses = _spent(scene, trust, user=101)
    assert statuses[200] == N_QUESTIONS, statuses
    return f"{statuses[200]} of {N_QUESTIONS} answered"


def _spent(scene: Scene, trust: ssl.SSLContext, user: int) -> Counter[int]:
    addresses = [f"http://127.0.0.1:{port}" for port in scene.ports]
    statuses = quotas.spend(user, N_QUESTIONS, addresses, trust)
    assert set(statuses) <= {200, 429}, statuses
    return statuses
