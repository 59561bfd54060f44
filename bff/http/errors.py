"""One error type for both faces, and the one table from domain errors to codes and statuses.

See: docs/errors.md
"""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any
from uuid import uuid4

import structlog
from starlette.responses import Response

from backtest import errors as domain
from backtest.errors import Loc
from bff.telemetry.facts import note
from schema.parse import MAX_FOUND, too_many_problems
from schema.problems import is_stored

log = structlog.stdlib.get_logger(__name__)

MAX_PROBLEMS = 50
MAX_MESSAGE_CHARS = 300
MAX_SEGMENT_CHARS = 64
STORE_RETRY_AFTER_S = 5


class Code(StrEnum):
    """What a client can tell refusals apart by.

    See: docs/errors.md
    """

    VALIDATION_ERROR = "validation_error"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    MALFORMED_REQUEST = "malformed_request"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    UNEXPECTED_ERROR = "unexpected_error"


STATUS_OF: Mapping[Code, int] = {
    Code.VALIDATION_ERROR: 422,
    Code.UNAUTHORIZED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.CONFLICT: 409,
    Code.MALFORMED_REQUEST: 400,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.RATE_LIMITED: 429,
    Code.OVERLOADED: 503,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
    Code.UNEXPECTED_ERROR: 500,
}

CODE_OF: Mapping[type[domain.BacktestError], Code] = {
    domain.InvalidRequest: Code.VALIDATION_ERROR,
    domain.NoMarketData: Code.VALIDATION_ERROR,
    domain.UnknownInstrument: Code.VALIDATION_ERROR,
    domain.TimeframeTooShort: Code.VALIDATION_ERROR,
    domain.EmptyRange: Code.VALIDATION_ERROR,
    domain.GuardExceeded: Code.VALIDATION_ERROR,
    domain.AnswerTooLong: Code.VALIDATION_ERROR,
    domain.MemoryExceeded: Code.VALIDATION_ERROR,
    domain.StrategyForbidden: Code.FORBIDDEN,
    domain.StrategyNotFound: Code.NOT_FOUND,
    domain.BrokenInvariant: Code.CONFLICT,
    domain.RateLimited: Code.RATE_LIMITED,
    domain.Overloaded: Code.OVERLOADED,
    domain.CandlesUnavailable: Code.UNAVAILABLE,
    domain.StrategiesUnavailable: Code.UNAVAILABLE,
    domain.DeadlineExceeded: Code.DEADLINE_EXCEEDED,
    domain.RunCancelled: Code.UNAVAILABLE,
    domain.RunnerUnavailable: Code.UNAVAILABLE,
    domain.ClusterUnavailable: Code.UNAVAILABLE,
}


class RoehubError(Exception):
    """A refusal or failure as a client sees it.

    Args:
        code: One of the documented codes; it fixes the status.
        message: A sentence without anything that varies between equal requests.
        details: JSON-ready facts.
        headers: Response headers beyond those that follow from the code.

    See: docs/errors.md
    """

    def __init__(
        self,
        code: Code,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: Mapping[str, Any] = details or {}
        self.headers: Mapping[str, str] = _own_headers(code, self.details) | dict(headers or {})

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the error with its details and headers."""
        return RoehubError, (self.code, self.message, self.details, self.headers)

    @property
    def status(self) -> int:
        """HTTP status of the code."""
        return STATUS_OF[self.code]


def rest_loc(loc: Loc) -> str:
    """A place as REST spells it: `body.template.indicator_grids.0.params.window.step`.

    A place in a stored strategy is not in the body and begins with `spec`.

    See: docs/errors.md
    """
    root = () if is_stored(loc) else ("body",)
    return ".".join([*root, spelled_place(loc)]) if loc else "body"


def spelled_place(loc: Loc) -> str:
    """The steps of a place, joined by dots; a step that a client made long is cut.

    See: docs/errors.md
    """
    return ".".join(map(_segment, loc))


def to_roehub(
    exc: domain.BacktestError, render_loc: Callable[[Loc], str] = rest_loc
) -> RoehubError:
    """Translate a domain error.

    Args:
        exc: Any expected failure of the use-case.
        render_loc: How the face spells a place in the request.

    Returns:
        Problems sorted by path, code and message; beyond the first 50 only their number is told.

    See: docs/errors.md
    """
    code = next(CODE_OF[cls] for cls in type(exc).__mro__ if cls in CODE_OF)
    details: dict[str, Any] = dict(exc.details)
    if code is Code.UNAVAILABLE:
        details["retry_after_s"] = STORE_RETRY_AFTER_S
    if isinstance(exc, domain.InvalidRequest):
        listed = exc if len(exc.problems) <= MAX_FOUND else too_many_problems()
        problems = sorted(
            {(render_loc(item.loc), item.code, _capped(item.message)) for item in listed.problems}
        )
        details["errors"] = [
            {"path": path, "code": item_code, "message": message}
            for path, item_code, message in problems[:MAX_PROBLEMS]
        ]
        if len(problems) > MAX_PROBLEMS:
            details["more"] = len(problems) - MAX_PROBLEMS
    return RoehubError(code, _capped(exc.message), details)


def masked(exc: BaseException) -> RoehubError:
    """Log a bug with its stack and give the client nothing but the id to find it by.

    See: docs/errors.md
    """
    error_id = str(uuid4())
    log.error("unexpected_error", error_id=error_id, exc_info=exc)
    note(code=Code.UNEXPECTED_ERROR.value, error_id=error_id)
    return RoehubError(
        Code.UNEXPECTED_ERROR,
        "Something went wrong on our side; quote the error id when you report it",
        {"error_id": error_id},
    )


def payload(error: RoehubError) -> dict[str, Any]:
    """The REST body of an error.

    See: docs/errors.md
    """
    return {
        "error": {
            "code": error.code.value,
            "message": error.message,
            "details": dict(error.details),
        }
    }


def graphql_payload(error: RoehubError) -> dict[str, Any]:
    """The body of a GraphQL request that was refused before anything was executed.

    See: docs/errors.md
    """
    extensions = {
        "code": error.code.value,
        "status": error.status,
        "details": dict(error.details),
    }
    return {"errors": [{"message": error.message, "extensions": extensions}]}


def error_response(
    error: RoehubError, render: Callable[[RoehubError], object] = payload
) -> Response:
    """An HTTP response for an error: compact UTF-8 JSON, the same bytes for the same error.

    See: docs/errors.md
    """
    note(code=error.code.value)
    text = json.dumps(render(error), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(
        text.encode("utf-8", "backslashreplace"),
        status_code=error.status,
        headers=dict(error.headers),
        media_type="application/json",
    )


def _own_headers(code: Code, details: Mapping[str, Any]) -> dict[str, str]:
    if code is Code.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if "retry_after_s" in details:
        return {"Retry-After": str(details["retry_after_s"])}
    return {}


def _segment(segment: str | int) -> str:
    text = str(segment)
    return text if len(text) <= MAX_SEGMENT_CHARS else text[: MAX_SEGMENT_CHARS - 1] + "…"


def _capped(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE_CHARS else message[: MAX_MESSAGE_CHARS - 1] + "…"
