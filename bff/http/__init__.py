"""What every HTTP request passes, whichever face it is for.

Reading order, from the socket inwards: `paths`, `request_log`, `body`, `strict_json`,
`auth`, `origins`, `errors`; `tokens` makes what `auth` judges.
See: docs/security.md
"""

from typing import TYPE_CHECKING

from backtest.exports import lazy

if TYPE_CHECKING:
    from bff.http.auth import Authenticator, Caller
    from bff.http.body import BodyReader
    from bff.http.errors import Code, RoehubError, to_roehub
    from bff.http.request_log import RequestLog
    from bff.http.strict_json import JsonLimits, parse_json
    from bff.http.tokens import issue_token
else:
    __getattr__ = lazy(
        __name__,
        {
            "auth": ["Authenticator", "Caller"],
            "body": ["BodyReader"],
            "errors": ["Code", "RoehubError", "to_roehub"],
            "request_log": ["RequestLog"],
            "strict_json": ["JsonLimits", "parse_json"],
            "tokens": ["issue_token"],
        },
    )

__all__ = [
    "Authenticator",
    "BodyReader",
    "Caller",
    "Code",
    "JsonLimits",
    "RequestLog",
    "RoehubError",
    "issue_token",
    "parse_json",
    "to_roehub",
]
