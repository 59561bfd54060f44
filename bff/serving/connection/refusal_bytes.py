"""The bytes of a refusal that no application writes.

See: docs/security.md#threats-and-limits
"""

from http import HTTPStatus

from bff.http.errors import RoehubError, error_response
from bff.http.request_log import SAFE_HEADERS


def refusal_bytes(error: RoehubError) -> bytes:
    """A whole answer for an error, after which the connection is closed."""
    response = error_response(error)
    headers = {**dict(response.headers), **SAFE_HEADERS, "Connection": "close"}
    lines = [f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + bytes(response.body)
