"""What pydantic found, as problems at the places where the client wrote them.

See: docs/errors.md
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

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

    See: docs/errors.md#validation_error-422
    """
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        loc = _without_mode((*root, *item["loc"]))
        yield _problem(loc, item["type"], item["msg"])


def is_stored(loc: Loc) -> bool:
    """Whether a place lies in the stored strategy and not in what the client sent.

    `("spec",)` alone is a member that a client should not have sent.

    See: docs/errors.md#validation_error-422
    """
    return len(loc) > 1 and loc[0] == "spec"


def stored_place(loc: Loc, spec: Mapping[str, Any]) -> Loc:
    """A place in the template that a stored strategy stands for, as it is stored.

    Args:
        loc: A place; one outside `("spec",)` is returned as it is.
        spec: The stored payload. `indicator_grids` are its `indicators`, `source` is
            `inputs.source`, `risk_grid` may be its `risk`, and a plain value stands for an axis of
            one value: what is wrong with that one value is wrong at the plain value.

    See: docs/errors.md#validation_error-422
    """
    if not is_stored(loc):
        return loc
    return ("spec", *_steps_into(spec, _stored_names(loc[1:], spec)))


def _stored_names(steps: Loc, spec: Mapping[str, Any]) -> Loc:
    if steps[0] == "indicator_grids":
        is_source = steps[2:3] == ("source",)
        return ("indicators", *steps[1:2], *(("inputs",) if is_source else ()), *steps[2:])
    if steps[0] == "risk_grid" and spec.get("risk_grid") is None and "risk" in spec:
        return ("risk", *steps[1:])
    return steps


def _steps_into(stored: object, steps: Loc) -> Loc:
    """The steps as far as there is something to step into; a member that is missing is named."""
    for depth, step in enumerate(steps):
        if isinstance(stored, Mapping):
            stored = cast("Mapping[str | int, object]", stored).get(step)
        elif isinstance(stored, list) and isinstance(step, int):
            members = cast("list[object]", stored)
            stored = members[step] if step < len(members) else None
        elif stored is not None:
            return steps[:depth]
    return steps


def _problem(loc: Loc, code: str, message: str) -> Problem:
    if code == "union_tag_not_found":
        return Problem((*loc, "mode"), "required", "Field required")
    own_code = _CODES.get(code, code)
    return Problem(loc, own_code, _MESSAGES.get(code, message))


def _without_mode(loc: Loc) -> Loc:
    if loc and loc[-1] == "[key]":
        return loc[:-1]
    for axis in _AXES:
        if len(loc) > len(axis) and all(map(_fits, axis, loc)):
            return (*loc[: len(axis)], *loc[len(axis) + 1 :])
    return loc


def _fits(step: Any, found: str | int) -> bool:
    return step is _ANY or (isinstance(found, int) if step is _INDEX else step == found)
