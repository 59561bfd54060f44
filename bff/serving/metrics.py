"""Prometheus metrics from the facts of answered requests; needs the extra `observability`.

See: docs/reliability.md
"""

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest
from starlette.datastructures import Headers

from bff.admission.pool import RunPool
from bff.http.errors import STATUS_OF, Code
from bff.http.request_log import CLIENT_LEFT

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
# Known at 0 from the start: Prometheus sees no increase in a series that begins with its first one.
ALARMING = (Code.UNEXPECTED_ERROR, Code.UNAVAILABLE, Code.OVERLOADED, Code.DEADLINE_EXCEEDED)
PATHS = frozenset({"/backtests", "/graphql"})


class Metrics:
    """Counters and histograms of one process; `watch` is a watcher of `RequestLog`.

    Args:
        pools: Whose places are shown, by name.
        runner_pid: Whose memory and processor time are shown, as `roehub_runner_process_…`.
    """

    def __init__(self, pools: Mapping[str, RunPool], runner_pid: Callable[[], int | None]) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        ProcessCollector("roehub_runner", lambda: str(runner_pid()), registry=self._registry)
        self._requests = Counter(
            "roehub_requests",
            "Answered requests",
            ["path", "status", "code"],
            registry=self._registry,
        )
        for code in ALARMING:
            for path, status in (*((path, STATUS_OF[code]) for path in PATHS), ("/graphql", 200)):
                self._requests.labels(path, status, code.value)
        self._seconds = Histogram(
            "roehub_request_seconds",
            "From the first byte to the answer",
            ["path"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "roehub_stage_seconds",
            "Stages of finished runs",
            ["stage"],
            buckets=SECONDS,
            registry=self._registry,
        )
        places = Gauge(
            "roehub_places", "Calls by state", ["pool", "state"], registry=self._registry
        )
        for name, pool in pools.items():
            places.labels(name, "running").set_function(lambda pool=pool: pool.n_running)
            places.labels(name, "waiting").set_function(lambda pool=pool: pool.n_waiting)

    def watch(self, facts: Mapping[str, Any], headers: Headers) -> None:
        """Count one request; unknown paths share a label, so that nobody can invent series."""
        del headers
        path = facts["path"] if facts["path"] in PATHS else "other"
        self._requests.labels(path, facts["status"], _code(facts)).inc()
        self._seconds.labels(path).observe(facts["duration_ms"] / 1000)
        for stage, stage_ms in facts.get("stage_ms", {}).items():
            self._stages.labels(stage).observe(stage_ms / 1000)

    def page(self) -> bytes:
        """All metrics in the text format."""
        return generate_latest(self._registry)


def _code(facts: Mapping[str, Any]) -> str:
    """Why it was refused; `ok` is only what was answered."""
    if "code" in facts:
        return str(facts["code"])
    if facts["status"] == CLIENT_LEFT:
        return "client_left"
    return "ok" if facts["status"] < 400 else "refused"
