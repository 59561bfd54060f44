"""The arguments of `bars`, read by the models that runs are read by.

See: docs/graphql.md#one-parser-for-input
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from backtest.errors import InvalidRequest
from schema.graphql.body import Places, read_members
from schema.graphql.readers import readers_of
from schema.market import BarsQuestion
from schema.problems import shape_problems


def read_bars(raw: Mapping[str, Any]) -> tuple[BarsQuestion, Places]:
    """Read all arguments of the field.

    Args:
        raw: As written: variables filled in, names and enums untouched.

    Raises:
        InvalidRequest: Every problem, at the client's own places.

    See: docs/graphql.md
    """
    to = Places()
    to.note((), ())
    body = read_members(readers_of(BarsQuestion), raw, (), (), to)
    try:
        question = BarsQuestion.model_validate(body)
    except ValidationError as error:
        found = map(to.translate, shape_problems(error))
        raise InvalidRequest([*to.problems, *found]) from error
    if to.problems:
        raise InvalidRequest(to.problems)
    return question, to
