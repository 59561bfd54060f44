"""The console: static files beside the faces, and who its page is signed in as.

What is in the files is nobody's business here. They are made by `tools.console`, lie in
`console/dist` of a checkout and inside the package of a wheel, and may be missing.
See: docs/console.md
"""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bff.config.secret import signing_secret
from bff.http.errors import Code, RoehubError
from bff.http.tokens import issue_token
from schema.examples import USER

if TYPE_CHECKING:
    from bff.wiring import Services

FILES_PATH = "/console"
GRAPHIQL_PATH = "/graphiql"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
# GraphiQL writes style elements and brings fonts within them; its scripts come from here as all do.
GRAPHIQL_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "font-src 'self'", "font-src 'self' data:"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def console_folder() -> Path | None:
    """Where the built files are; None where they were not built."""
    return _built("_console", "console/dist")


def graphiql_folder() -> Path | None:
    """Where the built files of GraphiQL are; None where they were not built."""
    return _built("_graphiql", "console/graphiql/dist")


def _built(in_wheel: str, in_checkout: str) -> Path | None:
    package = Path(__file__).resolve().parent
    for folder in (package / in_wheel, package.parent / in_checkout):
        if (folder / "index.html").is_file():
            return folder
    return None


def report_page() -> str | None:
    """The page of a report in one file, to be filled; None where the console was not built."""
    folder = console_folder()
    pages = [] if folder is None else sorted(folder.glob("report-*.html"))
    return pages[0].read_text(encoding="utf-8") if pages else None


class ConsoleFiles(StaticFiles):
    """Files whose names change with their content, under the policy of the page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept by the browser until its name changes."""
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers.update(HEADERS)
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolePage:
    """The page itself. In `dev` a page of this machine is signed in as the user of the examples.

    See: docs/console.md#signing-in
    """

    services: "Services"
    folder: Path

    async def __call__(self, request: Request) -> Response:
        """One HTTP exchange."""
        page = self.folder / "index.html"
        if not page.is_file():
            message = "The console is no longer built here; in a checkout, `make console` builds it"
            raise RoehubError(Code.NOT_FOUND, message)
        response = FileResponse(page, headers=HEADERS)
        sign_in(self.services, request, response)
        return response


def sign_in(services: "Services", request: Request, response: Response) -> None:
    """Sign a browser of this machine in, in `dev`, unless it is signed in already.

    See: docs/console.md#signing-in
    """
    settings = services.settings
    if settings.env != "dev" or not is_local(request) or _is_signed_in(services, request):
        return
    ttl_s = settings.identity.token_ttl_seconds
    token = issue_token(
        signing_secret(settings.environment), user_id=USER, paid_level="pro", ttl_s=ttl_s
    )
    response.set_cookie(
        settings.environment.cookie_name, token, max_age=ttl_s, httponly=True, samesite="strict"
    )


def _is_signed_in(services: "Services", request: Request) -> bool:
    try:
        services.authenticate(request.headers, request.scope["scheme"])
    except RoehubError:
        return False
    return True


def is_local(request: Request) -> bool:
    """Whether a browser of this machine asks, by a name of this machine, and no proxy for it.

    The name matters: a page of another site whose name was made to point here comes from this
    machine too, but under that name.
    """
    forwarded = {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"}
    if request.client is None or forwarded & set(request.headers.keys()):
        return False
    return _is_loopback(request.client.host) and _host_name(request.headers) in LOOPBACK_NAMES


def wants_page(request: Request) -> bool:
    """Whether a browser asks, and not a tool that prints what it gets."""
    return "text/html" in request.headers.get("accept", "")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _host_name(headers: Headers) -> str | None:
    hosts = headers.getlist("host")
    try:
        return urlsplit(f"//{hosts[0]}").hostname if len(hosts) == 1 else None
    except ValueError:
        return None
