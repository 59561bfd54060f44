"""The log line of a run that failed through no fault of the caller, with what the driver said.

See: docs/errors.md
"""

import re

import structlog

from backtest.errors import Transient

log = structlog.stdlib.get_logger(__name__)

MAX_CAUSE_CHARS = 500

_LOGIN_IN_URL = re.compile(r"""://[^\s'"]*@""")
_SECRET = re.compile(
    r"""\b(pass\w*|pwd|secret|token)(["']?\s*[=:]\s*)('[^']*'|"[^"]*"|[^\s,;&)'"]+)""",
    re.IGNORECASE,
)


def log_failure(failure: Transient) -> None:
    """One warning: which failure, its facts, and what is behind it where something is.

    See: docs/reliability.md
    """
    cause = _cause(failure)
    known = {} if cause is None else {"cause": cause}
    log.warning(
        "run_failed",
        reason=type(failure).__name__,
        error=failure.message,
        **failure.details,
        **known,
    )


def _cause(failure: Transient) -> str | None:
    """What a driver said, otherwise what an adapter noted, without what opens a store."""
    behind = failure.__cause__
    if behind is not None:
        text = f"{type(behind).__name__}: {behind}"
    else:
        text = "; ".join(getattr(failure, "__notes__", ()))
    return without_secrets(text) or None


def without_secrets(text: str) -> str:
    """One line of what a driver said, without what opens a store.

    See: docs/security.md#what-is-not-shown
    """
    hidden = _SECRET.sub(r"\1\2***", _LOGIN_IN_URL.sub("://***@", " ".join(text.split())))
    return hidden[:MAX_CAUSE_CHARS]
