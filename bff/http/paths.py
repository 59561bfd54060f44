"""One path, with or without a slash at its end. Pure ASGI.

See: docs/security.md#the-order-of-the-checks
"""

from starlette.types import ASGIApp, Receive, Scope, Send


class WithoutTrailingSlash:
    """Lets everything behind it see a path without the slash that some clients put at its end.

    A redirect would cost a POST its body in some clients. It lies around the log, so that the log
    and the metrics know the path by one name.

    Args:
        app: The whole application.

    See: docs/security.md
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; the root and a path with several slashes stay as they are."""
        if scope["type"] == "http" and len(scope["path"]) > 1 and scope["path"][-2:] != "//":
            scope = {**scope, "path": scope["path"].removesuffix("/")}
        await self._app(scope, receive, send)
