"""Prometheus with the shipped files: what it scrapes, what panels show, which alerts ring."""

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ports import free_port
from trials.deploy.files import DEPLOY, PROMETHEUS
from trials.deploy.programs import program, running

EVERY_S = 1
RINGS_AFTER_S = 3  # instead of the minute of the shipped rule


@dataclass(frozen=True, kw_only=True)
class Prometheus:
    """A running one."""

    port: int

    def targets_up(self) -> int:
        """How many processes it could scrape at last."""
        return sum(value == 1.0 for value in self.values("up"))

    def values(self, expression: str) -> list[float]:
        """What an expression is now."""
        query = urllib.parse.urlencode({"query": expression})
        result = self._get(f"/api/v1/query?{query}")["result"]
        return [float(row["value"][1]) for row in result]

    def alerts(self) -> dict[str, str]:
        """Those that ring or are about to, with their state."""
        return {
            alert["labels"]["alertname"]: alert["state"]
            for alert in self._get("/api/v1/alerts")["alerts"]
        }

    def panels(self) -> str:
        """How many expressions of the dashboard have data."""
        expressions = _expressions()
        n_shown = sum(self._has_data(expression) for expression in expressions)
        return f"{n_shown} of {len(expressions)} expressions of the dashboard have data"

    def has_data(self) -> bool:
        """Whether all of them have."""
        return all(self._has_data(expression) for expression in _expressions())

    def _has_data(self, expression: str) -> bool:
        return bool(self.values(expression.replace("$instance", ".*")))

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return json.load(answer)["data"]


@contextmanager
def watching(folder: Path, ports: Sequence[int]) -> Generator[Prometheus]:
    """Ready, and ended with the block."""
    port = free_port()
    (folder / "alerts.yml").write_text(_impatient(), encoding="utf-8")
    (folder / "prometheus.yml").write_text(_for_this_machine(ports), encoding="utf-8")
    words = [
        str(program("prometheus")),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(words, folder / "prometheus.log", f"http://127.0.0.1:{port}/-/ready"):
        yield Prometheus(port=port)


def _expressions() -> list[str]:
    shown = json.loads((DEPLOY / "grafana" / "roehub-backtest.json").read_text(encoding="utf-8"))
    return [target["expr"] for panel in shown["panels"] for target in panel["targets"]]


def _for_this_machine(ports: Sequence[int]) -> str:
    text = (PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8")
    targets = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    text = text.replace('"127.0.0.1:9100"', targets)
    return re.sub(r"(scrape|evaluation)_interval: 15s", rf"\1_interval: {EVERY_S}s", text)


def _impatient() -> str:
    text = (PROMETHEUS / "alerts.yml").read_text(encoding="utf-8")
    return text.replace("for: 1m", f"for: {RINGS_AFTER_S}s")
