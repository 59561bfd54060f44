"""OpenTelemetry spans from the facts of answered requests; needs the extra `observability`.

A request becomes one span with its stages as children. They are made when the request has been
answered, from times that were measured anyway, so tracing costs runs nothing.

See: docs/reliability.md
"""

import time
from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers

NANOSECONDS_PER_MS = 1_000_000
PLAIN = (str, int, float, bool)


class Traces:
    """Hands spans to an exporter; `watch` is a watcher of `bff.http.request_log.RequestLog`."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "roehub-backtest"})
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("roehub")
        self._propagator = TraceContextTextMapPropagator()

    def watch(self, facts: Mapping[str, Any], headers: Headers) -> None:
        """One request, under the caller's span where it named one."""
        end_ns = time.time_ns()
        start_ns = end_ns - round(facts["duration_ms"] * NANOSECONDS_PER_MS)
        span = self._tracer.start_span(
            f"{facts['method']} {facts['path']}",
            context=self._propagator.extract(dict(headers)),
            kind=SpanKind.SERVER,
            attributes={name: value for name, value in facts.items() if isinstance(value, PLAIN)},
            start_time=start_ns,
        )
        inside = trace.set_span_in_context(span)
        stages: Mapping[str, float] = facts.get("stage_ms", {})
        at_ns = end_ns - round(sum(stages.values()) * NANOSECONDS_PER_MS)
        for name, stage_ms in stages.items():
            stage = self._tracer.start_span(name, context=inside, start_time=at_ns)
            at_ns += round(stage_ms * NANOSECONDS_PER_MS)
            stage.end(at_ns)
        if facts["status"] >= 500:
            span.set_status(Status(StatusCode.ERROR, str(facts.get("code", ""))))
        span.end(end_ns)

    def close(self) -> None:
        """Export what is left."""
        self._provider.shutdown()
