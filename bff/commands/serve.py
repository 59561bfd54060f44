"""`serve`: the HTTP server; one process, or several behind one port.

See: docs/reliability.md
"""

import errno
import os
import socket
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from backtest.errors import BacktestError, Transient
from bff.commands.expected import (
    BAD_CONFIG,
    FAILED,
    configured,
    print_failure,
    reported_failures,
    stderr,
)

if TYPE_CHECKING:
    from bff.config.settings import Settings
    from bff.runner.client import RunnerProcess
    from bff.serving.health import Page
    from bff.wiring import Services

Address = tuple[str, int]

AGAIN_AFTER_S = 0.5
ALIVE: "tuple[int, bytes]" = (200, b"alive\n")


def _host(given: str) -> str:
    """A name or an address; an empty one would mean every address of the machine."""
    try:
        given.encode("idna")
    except UnicodeError:
        given = ""
    if not given:
        raise typer.BadParameter("must be an address such as 127.0.0.1, or a host name")
    return given


def serve(
    host: Annotated[str, typer.Option(callback=_host, help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 picks a free port.")] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes behind one port.")] = 1,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help="Port for /healthz, /readyz and /metrics; worker n uses this port plus n; 0"
            " picks a free port.",
        ),
    ] = None,
    metrics_host: Annotated[
        str,
        typer.Option(
            callback=_host, help="Address for the metrics port, which has no authentication."
        ),
    ] = "127.0.0.1",
    wait_for_stores: Annotated[
        float,
        typer.Option(
            min=0, max=3_600, help="Outside dev: seconds to wait for the stores at startup."
        ),
    ] = 10.0,
    listener_fd: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve POST /backtests and /graphql until stopped."""
    import structlog

    from bff.telemetry.dropping_stream import never_wait_for_stderr
    from bff.telemetry.streams import logged_process

    never_wait_for_stderr()
    # By the variable itself: what is wrong with the settings belongs in the log as well.
    with logged_process(os.environ.get("ROEHUB_ENV") or "dev"):
        settings = configured()
        _require_extras(settings)
        watch_at = None if metrics_port is None else (metrics_host, metrics_port)
        if listener_fd is not None:
            from bff.serving.lifeline import end_with_supervisor

            end_with_supervisor()
            _work(settings, socket.socket(fileno=listener_fd), watch_at, wait_for_stores)
            return
        for notice in settings.notices:
            structlog.stdlib.get_logger(__name__).info("configuration_ignored", notice=notice)
        with closing(_listening_socket(host, port)) as listener:
            _await_candle_server(settings, wait_for_stores)
            if workers == 1:
                _serve(settings, listener, watch_at, wait_for_stores)
            else:
                raise typer.Exit(_supervise(workers, listener, watch_at, wait_for_stores))


def _require_extras(settings: "Settings") -> None:
    from bff.runner.cluster.extra import missing_extra

    missing = missing_extra(settings)
    if missing is not None:
        stderr().print(missing, markup=False)
        raise typer.Exit(BAD_CONFIG)


def _work(
    settings: "Settings", listener: socket.socket, watch_at: Address | None, wait_for_stores: float
) -> None:
    """One of several: the supervisor must know a worker that cannot start from one that dies."""
    from bff.serving.workers import CANNOT_START

    try:
        _await_candle_server(settings, wait_for_stores)
        _serve(settings, listener, watch_at, wait_for_stores)
    except typer.Exit as exc:
        raise typer.Exit(CANNOT_START) from exc


def _supervise(
    n_workers: int, listener: socket.socket, watch_at: Address | None, wait_for_stores: float
) -> int:
    from bff.serving.workers import ServerWorkers

    def command(n: int) -> list[str]:
        words = ["serve", "--listener-fd", str(listener.fileno())]
        words += ["--wait-for-stores", str(wait_for_stores)]
        if watch_at is not None:
            host, port = watch_at
            words += ["--metrics-host", host, "--metrics-port", str(metrics_port_of(n, port))]
        return words

    return ServerWorkers(n_workers, listener, command).run()


def metrics_port_of(n: int, metrics_port: int) -> int:
    """Where worker n tells its health, from 0 on; 0 where each takes a free port."""
    return metrics_port + n if metrics_port else 0


def _await_candle_server(settings: "Settings", within_s: float) -> None:
    """Outside dev nothing is begun before something listens where CH_HOST says."""
    from bff.serving.reachable import unreachable

    environment = settings.environment
    if settings.env == "dev" or environment.ch_host is None:
        return
    host, port = environment.ch_host, environment.clickhouse_port
    reason = unreachable(host, port, within_s=within_s)
    if reason is not None:
        stderr().print(
            f"The candle store is not available: {host}:{port} could not be reached within "
            f"{within_s:g} s ({reason}). Start ClickHouse there, or correct CH_HOST and CH_PORT.",
            markup=False,
        )
        raise typer.Exit(FAILED)


def _serve(
    settings: "Settings", listener: socket.socket, watch_at: Address | None, wait_for_stores: float
) -> None:
    from bff.runner.client import RunnerProcess
    from bff.runner.local import freeze_startup

    with closing(RunnerProcess(settings)) as runner, ExitStack() as stack:
        with reported_failures():
            runner.start()

        from bff.app import create_app
        from bff.config.secret import signing_secret
        from bff.serving.server import DrainingServer, prefer_short_waits
        from bff.wiring import build

        with reported_failures():
            signing_secret(settings.environment)  # a folder that cannot hold it stops the start
            services = build(settings, runner)
            runner.wait_until_started()
            _check_stores(services, wait_for_stores)
            _announce(settings, "Preparing kernels; the first start on a machine takes longer …")
            runner.warm()
        freeze_startup()
        prefer_short_waits()
        stack.enter_context(_traced(services))
        if watch_at is not None:
            stack.enter_context(_monitored(services, runner, *watch_at))
        server = DrainingServer(
            create_app(services),
            runs=services.runs,
            queries=services.queries,
            section=settings.server,
            on_ready=partial(_announce_address, listener, settings),
        )
        server.run(sockets=[listener])


@contextmanager
def _monitored(
    services: "Services", runner: "RunnerProcess", host: str, port: int
) -> Generator[None]:
    from bff.serving.health import Readiness, monitored

    stores = {"candles": services.candles.ping, "strategies": services.strategies.ping}
    readiness = Readiness(stores, lambda: services.runs.is_draining)
    pages: dict[str, Page] = {"/healthz": lambda: ALIVE, "/readyz": readiness.page}
    try:
        from bff.serving.metrics import Metrics
    except ImportError:
        stderr().print("No /metrics: install roehub-backtest[observability]", markup=False)
    else:
        pools = {"runs": services.runs, "queries": services.queries}
        metrics = Metrics(pools, lambda: runner.pid)
        services.watchers.append(metrics.watch)
        pages["/metrics"] = lambda: (200, metrics.page())
    with reported_failures(), monitored(host, port, pages) as taken:
        shown = f"[{host}]" if ":" in host else host
        stderr().print(f"Health on http://{shown}:{taken}/readyz", markup=False)
        yield


@contextmanager
def _traced(services: "Services") -> Generator[None]:
    """Export spans where the usual variable of OpenTelemetry names a collector."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
            OTLPSpanExporter,
        )

        from bff.serving.traces import Traces
    except ImportError:
        stderr().print("No traces: install roehub-backtest[observability]", markup=False)
        yield
        return
    traces = Traces(OTLPSpanExporter())
    services.watchers.append(traces.watch)
    with closing(traces):
        yield


def _listening_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Binding alone does not fail where another process of ours listens already.
        listener.listen(socket.SOMAXCONN)
    except OSError as exc:
        listener.close()
        console = stderr()
        if exc.errno == errno.EADDRINUSE:
            console.print(
                f"Port {port} on {host} is in use. Stop the other program, or choose another port"
                " with --port (0 picks a free port)."
            )
        else:
            place = f"[{host}]:{port}" if family == socket.AF_INET6 else f"{host}:{port}"
            advice = "Choose another address with --host, or another port with --port."
            console.print(f"Cannot listen on {place}: {exc.strerror}. {advice}", markup=False)
        raise typer.Exit(FAILED) from exc
    return listener


def _check_stores(services: "Services", within_s: float) -> None:
    """Outside dev a store that does not answer stops the start; in dev it may come later."""
    ends_at = time.monotonic() + within_s
    for ping in (services.candles.ping, services.strategies.ping):
        try:
            _answered(ping, ends_at if services.settings.env != "dev" else 0.0)
        except BacktestError as exc:
            if services.settings.env != "dev":
                services.close()
                raise
            import structlog

            print_failure(exc)
            structlog.stdlib.get_logger(__name__).warning(
                "store_not_ready", reason=type(exc).__name__
            )


def _answered(ping: Callable[[], None], ends_at: float) -> None:
    while True:
        try:
            return ping()
        except Transient:
            if time.monotonic() + AGAIN_AFTER_S > ends_at:
                raise
        time.sleep(AGAIN_AFTER_S)


def _announce(settings: "Settings", sentence: str) -> None:
    """Say what is normal: to people in dev, in the log elsewhere."""
    import structlog

    if settings.env == "dev":
        stderr().print(sentence, markup=False)
    else:
        structlog.stdlib.get_logger(__name__).info(sentence)


def _announce_address(listener: socket.socket, settings: "Settings") -> None:
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    _announce(settings, f"Serving on {address} (POST {address}/backtests)")
    if settings.server.graphiql:
        _announce(settings, f"Examples to try: {address}/")
