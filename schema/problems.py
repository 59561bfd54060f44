"""What pydantic found, as problems at the places where the client wrote them.

See: docs/errors.md
"""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from backtest.errors import Loc, Problem

_ANY = object()
_INDEX = object()

_TEMPLATE_AXES: tuple[tuple[object, ...], ...] = (
    ("indicator_grids", _INDEX, "source"),
    ("indicator_grids", _INDEX, "params", _ANY),
    ("risk_grid", "sl"),
    ("risk_grid", "tp"),
    ("signal_grids", _ANY, _ANY),
)
_AXES = (
    *((root, *place) for root in ("template", "overrides", "spec") for place in _TEMPLATE_AXES),
    ("spec", "indicators", _INDEX, "inputs", _ANY),
    ("spec", "indicators", _INDEX, "params", _ANY),
)
# Tuples are how the models hold lists; a client knows lists only.
_CODES = {"missing": "required", "tuple_type": "list_type"}
_MESSAGES = {
    "tuple_type": "Input should be a valid list",
    "union_tag_invalid": "mode should be 'explicit' or 'range'",
    "model_attributes_type": "Input should be an object",
    "model_type": "Input should be an object",
    "dict_type": "Input should be an object",
}


def shape_problems(error: ValidationError, root: Loc = ()) -> Iterator[Problem]:
    """Every problem of a pydantic error.

    Args:
        error: From validating the whole request, or the piece of it that stands at `root`.
        root: Place of the validated value; `("spec",)` for a stored strategy.

    Yields:
        Problems whose places hold nothing but what the client wrote: the mode of an axis, by which
        pydantic chooses between the two models, is not among the steps.

    See: docs/errors.md
    """
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        loc = _without_mode((*root, *item["loc"]))
        yield _problem(loc, item["type"], item["msg"])


def is_stored(loc: Loc) -> bool:
    """Whether a place lies in the stored strategy and not in what the client sent.

    `("spec",)` alone is a member that a client should not have sent.

    See: docs/errors.md
    """
    return len(loc) > 1 and loc[0] == "spec"


def stored_place(loc: Loc) -> Loc:
    """A place in a stored strategy under the names that are stored, whoever found the problem.

    The catalog judges the template that a strategy stands for, where `indicators` are
    `indicator_grids` and `inputs.source` is `source`.

    See: docs/errors.md
    """
    if loc[:2] != ("spec", "indicator_grids"):
        return loc
    position, member, below = loc[2:3], loc[3:4], loc[4:]
    renamed = ("inputs", "source") if member == ("source",) else member
    return ("spec", "indicators", *position, *renamed, *below)


def _problem(loc: Loc, code: str, message: str) -> Problem:
    if code == "union_tag_not_found":
        return Problem((*loc, "mode"), "required", "Field required")
    told = _CODES.get(code, code)
    return Problem(loc, told, _MESSAGES.get(code, message))


def _without_mode(loc: Loc) -> Loc:
    if loc and loc[-1] == "[key]":
        return loc[:-1]
    for axis in _AXES:
        if len(loc) > len(axis) and all(map(_fits, axis, loc)):
            return (*loc[: len(axis)], *loc[len(axis) + 1 :])
    return loc


def _fits(step: Any, found: str | int) -> bool:
    return step is _ANY or (isinstance(found, int) if step is _INDEX else step == found)
