"""Errors of a document as GraphQL words them; one table with REST.

See: docs/errors.md
"""

import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from backtest.errors import BacktestError, InvalidRequest, Loc, Problem, Transient
from bff.http.errors import RoehubError, masked, spelled_place, to_roehub
from bff.telemetry.failures import log_failure
from schema.graphql.body import Places
from schema.parse import MAX_FOUND, too_many_problems

_LONG_QUOTE = re.compile(r"""(['"])([^'"]{40})[^'"]+\1""")


def as_written(loc: Loc) -> str:
    """A place that is already in the client's spelling.

    See: docs/errors.md
    """
    return spelled_place(loc) or "body"


def to_refusal(exc: BacktestError | RoehubError) -> RoehubError:
    """What a request that was not executed is answered with.

    See: docs/errors.md
    """
    return exc if isinstance(exc, RoehubError) else to_roehub(exc, as_written)


def to_error(
    error: GraphQLError, places: Mapping[str, Places], answer_levels: int = 1
) -> tuple[dict[str, Any], RoehubError]:
    """One entry of `errors`, and the error it stands for.

    Args:
        error: From graphql-core, with or without an exception of ours behind it.
        places: The client's spelling of the inputs, by response key of the root field.
        answer_levels: Length of the path to the answer of a run: its root field, or a member of it.

    See: docs/errors.md
    """
    found = _behind(error, places, answer_levels)
    entry: dict[str, Any] = {"message": found.message}
    if error.locations:
        entry["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        entry["path"] = error.path
    return {**entry, "extensions": extensions(found)}, found


def extensions(error: RoehubError) -> dict[str, Any]:
    """Code, status and details of an error.

    See: docs/errors.md
    """
    details = dict(error.details)
    return {"code": error.code.value, "status": error.status, "details": details}


def _behind(error: GraphQLError, places: Mapping[str, Places], answer_levels: int) -> RoehubError:
    cause = error.original_error
    if isinstance(cause, InvalidRequest):
        # An error deeper than the answer is about an argument there, not about the input.
        path = error.path or []
        root = places.get(str(path[0])) if len(path) == answer_levels else None
        if len(cause.problems) > MAX_FOUND:
            return to_roehub(too_many_problems(() if root is None else ("input",)), as_written)
        problems = cause.problems if root is None else map(root.translate, cause.problems)
        return to_roehub(InvalidRequest(problems, cause.message), as_written)
    if isinstance(cause, BacktestError):
        if isinstance(cause, Transient):
            log_failure(cause)
        return to_roehub(cause, as_written)
    if isinstance(cause, RoehubError):
        return cause
    if cause is None or isinstance(cause, GraphQLError):
        message = _LONG_QUOTE.sub(r"\1\2…\1", error.message.partition(" Did you mean")[0])
        problem = Problem(("query",), "graphql", message)
        return to_roehub(InvalidRequest([problem], message), as_written)
    return masked(cause)
