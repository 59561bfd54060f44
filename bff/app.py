"""The ASGI application: faces, error handlers and the layers around them, nothing else.

See: docs/security.md
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import structlog
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from backtest.errors import BacktestError
from bff.console import (
    FILES_PATH,
    GRAPHIQL_PATH,
    ConsoleFiles,
    ConsolePage,
    console_folder,
    graphiql_folder,
    wants_page,
)
from bff.graphql.router import GRAPHQL_PATH, graphql_router
from bff.http.addresses import Networks, with_mapped
from bff.http.body import BodyReader
from bff.http.client_places import ClientPlaces
from bff.http.errors import Code, RoehubError, error_response, graphql_payload, to_roehub
from bff.http.paths import PlainPaths
from bff.http.request_log import RequestLog
from bff.pages import OPENAPI_PATH, SCRIPTS_PATH, START_PATH, rest_page, start_page
from bff.rest import BACKTESTS_PATH, router
from bff.wiring import Services
from schema.openapi import openapi_document

PAGE_METHODS = ["GET", "HEAD"]


def create_app(services: Services) -> FastAPI:
    """Mount both faces on what was built; closing the application closes the services.

    See: docs/security.md
    """
    has_pages = services.settings.server.graphiql

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        services.close()

    app = FastAPI(
        title="Roehub backtests",
        lifespan=lifespan,
        redirect_slashes=False,
        redoc_url=None,
        docs_url=None,
        swagger_ui_oauth2_redirect_url=None,
        openapi_url=OPENAPI_PATH if has_pages else None,
    )
    app.state.services = services
    app.openapi = openapi_document
    app.include_router(router)
    app.include_router(graphql_router(services))
    _add_start(app, services)
    if has_pages:
        app.add_api_route("/docs", rest_page, methods=PAGE_METHODS, include_in_schema=False)
        app.mount(SCRIPTS_PATH, StaticFiles(packages=[("fastapi_swagger", "resources")]))
    _add_handlers(app)
    _add_layers(app, services)
    return app


def _add_start(app: FastAPI, services: Services) -> None:
    """The console for browsers where it is built and wanted; the start page for everybody else."""
    server = services.settings.server
    folder = console_folder() if server.console else None
    page = None if folder is None else ConsolePage(services=services, folder=folder)
    if folder is not None:
        app.mount(FILES_PATH, ConsoleFiles(directory=folder))
    if server.graphiql:
        app.add_api_route(START_PATH, start_page, methods=PAGE_METHODS, include_in_schema=False)
        if (graphiql := graphiql_folder()) is not None:
            app.mount(GRAPHIQL_PATH, ConsoleFiles(directory=graphiql))

    async def start(request: Request) -> Response:
        if page is not None and (wants_page(request) or not server.graphiql):
            return await page(request)
        return await start_page(request)

    if page is not None or server.graphiql:
        app.add_api_route("/", start, methods=PAGE_METHODS, include_in_schema=False)


def _add_handlers(app: FastAPI) -> None:
    app.add_exception_handler(RoehubError, _answer_roehub)
    app.add_exception_handler(BacktestError, _answer_domain)
    app.add_exception_handler(HTTPException, _answer_routing)


def _add_layers(app: FastAPI, services: Services) -> None:
    """The last one added is the outermost."""
    server = services.settings.server
    faces = {
        BACKTESTS_PATH: error_response,
        GRAPHQL_PATH: partial(error_response, render=graphql_payload),
    }
    app.add_middleware(
        BodyReader,
        faces=faces,
        max_bytes=server.body_max_bytes,
        max_seconds=server.body_max_seconds,
    )
    per_address = server.connections.max_per_address
    if server.trusted_proxies and per_address is not None:
        app.add_middleware(
            ClientPlaces,
            faces=faces,
            max_per_address=per_address,
            proxies=Networks(server.trusted_proxies),
        )
    share = _shared_with(server.allowed_origins)
    app.add_middleware(share)
    app.add_middleware(
        RequestLog, graphql_path=GRAPHQL_PATH, share=share, watchers=services.watchers
    )
    app.add_middleware(PlainPaths)
    if server.trusted_proxies:
        app.add_middleware(
            ProxyHeadersMiddleware, trusted_hosts=with_mapped(server.trusted_proxies)
        )


def _shared_with(origins: Sequence[str]) -> Callable[[ASGIApp], ASGIApp]:
    """A layer that lets pages of these origins read answers; nothing where there are none."""
    if not origins:
        return lambda app: app
    return partial(
        CORSMiddleware,
        allow_origins=origins,
        allow_credentials=True,
        allow_methods=["POST"],
        allow_headers=["authorization", "content-type"],
        expose_headers=["retry-after", "x-request-id"],
    )


async def _answer_roehub(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, RoehubError)
    structlog.contextvars.bind_contextvars(code=exc.code.value)
    return error_response(exc)


async def _answer_domain(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, BacktestError)
    return await _answer_roehub(request, to_roehub(exc))


async def _answer_routing(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    if exc.status_code == 405:
        allow = (exc.headers or {}).get("Allow", "")
        error = RoehubError(
            Code.METHOD_NOT_ALLOWED,
            "The method is not allowed here",
            {"allow": allow},
            headers={"Allow": allow},
        )
    else:
        error = RoehubError(Code.NOT_FOUND, "There is nothing at this path")
    return await _answer_roehub(request, error)
