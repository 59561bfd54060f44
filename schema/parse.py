"""The one way a request enters: a JSON value becomes a run request, or every problem it has.

See: docs/errors.md
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, TypeGuard

from pydantic import ValidationError

from backtest.errors import InvalidRequest, Loc, Problem
from backtest.request import RunRequest
from schema.problems import shape_problems
from schema.request import BacktestRequest
from schema.salvage import rule_problems
from schema.translate import to_run_request

MODE_CONFLICT = "mode_conflict"
ONE_MODE = "POST /backtests requires exactly one mode: strategy_id xor template"
# What has more is not a request that somebody wrote; listing it would cost more than a run.
MAX_FOUND = 1_000
ONLY_SAVED = "POST /backtests overrides are allowed only in saved mode"


def parse_request(body: object) -> RunRequest:
    """Check the shape of a request and translate it.

    Args:
        body: The JSON value: dicts, lists, texts, numbers, booleans and None.

    Returns:
        The request in the words of the domain, with exactly one mode. The catalog has not judged
        it yet; the use-case does that.

    Raises:
        InvalidRequest: Every problem of the request, or that there are more than a thousand. Where
            some part is malformed, the parts that are not have been held against the catalog too,
            so that one answer tells all.

    See: docs/errors.md
    """
    conflicts = list(_mode_conflicts(body)) if _is_object(body) else []
    request, shape = _read(body)
    if request is None or conflicts:
        problems = {*conflicts, *shape, *islice(rule_problems(body), MAX_FOUND)}
        if len(problems) > MAX_FOUND:
            raise too_many_problems()
        raise InvalidRequest(sorted(problems, key=_order), _headline(conflicts, problems))
    return to_run_request(request)


def _read(body: object) -> tuple[BacktestRequest | None, list[Problem]]:
    try:
        return BacktestRequest.model_validate(body), []
    except ValidationError as error:
        if error.error_count() > MAX_FOUND:
            raise too_many_problems() from error
        return None, list(shape_problems(error))


def too_many_problems(loc: Loc = ()) -> InvalidRequest:
    """The answer to a request that is wrong in more places than anybody would read.

    See: docs/errors.md
    """
    message = f"there are more than {MAX_FOUND} problems; check the shape of the request"
    return InvalidRequest([Problem(loc, "too_many_problems", message)])


def _mode_conflicts(body: Mapping[str, Any]) -> Iterator[Problem]:
    is_saved = body.get("strategy_id") is not None
    is_template = body.get("template") is not None
    if is_saved == is_template:
        message = "Provide exactly one of strategy_id or template"
        yield Problem(("strategy_id",), MODE_CONFLICT, message)
        yield Problem(("template",), MODE_CONFLICT, message)
    if not is_saved and body.get("overrides") is not None:
        message = "overrides are allowed only with strategy_id"
        yield Problem(("overrides",), MODE_CONFLICT, message)


def _headline(conflicts: list[Problem], problems: set[Problem]) -> str:
    if not conflicts or len(problems) > len(conflicts):
        return "Validation failed"
    return ONLY_SAVED if len(conflicts) == 1 else ONE_MODE


def _order(problem: Problem) -> tuple[tuple[str, ...], str, str]:
    return tuple(map(str, problem.loc)), problem.code, problem.message


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, dict)
