"""One path, with or without a slash at its end, and none with control characters. Pure ASGI.

See: docs/security.md#the-order-of-the-checks
"""

from starlette.types import ASGIApp, Receive, Scope, Send

# The router takes a path with a newline at its end for the path without it.
_AS_SENT = {code: f"%{code:02X}" for code in (*range(0x20), 0x7F)}


class PlainPaths:
    """Lets everything behind it see a path without the slash that some clients put at its end.

    A redirect would cost a POST its body in some clients. Control characters stay encoded, as they
    were sent, so that such a path is found nowhere. It lies around the log, so that the log and the
    metrics know the path by one name.

    Args:
        app: The whole application.

    See: docs/security.md
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; the root and a path with several slashes stay as they are."""
        if scope["type"] == "http":
            scope = {**scope, "path": _plain(scope["path"])}
        await self._app(scope, receive, send)


def _plain(path: str) -> str:
    has_one_slash = len(path) > 1 and path[-2:] != "//"
    return (path.removesuffix("/") if has_one_slash else path).translate(_AS_SENT)
