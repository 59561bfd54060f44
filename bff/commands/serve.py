"""`serve`: the HTTP server, one process, one event loop."""

import errno
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from backtest.errors import BacktestError
from bff.commands.expected import FAILED, built, configured, failures_told, say_failure, stderr
from bff.logs import configure_logs

if TYPE_CHECKING:
    from bff.wiring import Services

SHUTDOWN_GRACE_S = 5


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")] = 8080,
) -> None:
    """Serve POST /backtests and /graphql until stopped."""
    settings = configured()
    configure_logs(settings.env)
    with closing(_listening_socket(host, port)) as listener:
        services = built(settings)
        with failures_told():
            _check_stores(services)
        stderr().print("Preparing kernels; the first start on a machine takes longer …")
        _serve(services, listener)


def _serve(services: "Services", listener: socket.socket) -> None:
    import uvicorn  # noqa: PLC0415 - `--help` stays quick

    from backtest.jit import warm  # noqa: PLC0415
    from bff.app import create_app  # noqa: PLC0415

    app = create_app(services)
    warm()
    _say_address(listener, has_graphiql=services.settings.server.graphiql)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(services.deadline_s) + SHUTDOWN_GRACE_S,
    )
    uvicorn.Server(config).run(sockets=[listener])


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
            console.print(f"Port {port} on {host} is in use. Stop the other program, or choose")
            console.print("another port with --port (0 takes a free one).")
        else:
            console.print(f"Cannot listen on {host}:{port}: {exc.strerror}", markup=False)
        raise typer.Exit(FAILED) from exc
    return listener


def _check_stores(services: "Services") -> None:
    """Outside dev a store that does not answer stops the start; in dev it may come later."""
    for ping in (services.candles.ping, services.strategies.ping):
        try:
            ping()
        except BacktestError as exc:
            if services.settings.env != "dev":
                services.close()
                raise
            say_failure(exc)
            structlog.stdlib.get_logger(__name__).warning(
                "store_not_ready", reason=type(exc).__name__
            )


def _say_address(listener: socket.socket, *, has_graphiql: bool) -> None:
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    console = stderr()
    console.print(f"Serving on {address} (POST {address}/backtests)")
    if has_graphiql:
        console.print(f"GraphiQL: {address}/graphql")
