"""One GraphQL operation, ready to be executed in any thread and in any process.

See: docs/graphql.md
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strawberry.types import ExecutionResult

from backtest.control import Control
from bff.graphql.context import ServiceAnswers
from bff.graphql.errors import to_error
from bff.graphql.inputs import ReadInput
from bff.graphql.json_text import json_pieces
from bff.http.answer_body import AnswerBody, write_answer
from bff.http.auth import Caller
from bff.http.content_coding import Coding
from bff.http.errors import Code, RoehubError
from resolvers.service import BacktestService
from schema.graphql.schema import RunEvent, graphql_schema

MEDIA_TYPE = "application/graphql-response+json"
# The answer of a run in an event: the root field, and its member.
EVENT_LEVELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlAnswer:
    """What goes back to the client; `code` is that of the first error.

    See: docs/graphql.md
    """

    status: int
    headers: Mapping[str, str]
    body: AnswerBody
    code: Code | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphqlJob:
    """A job of a runner (`bff.runner.local`): nothing of it can be refused any more.

    Args:
        text: The document.
        name: Of the operation; None where there is only one.
        variables: As sent.
        caller: Who asks; None for introspection alone.
        inputs: Inputs of the run fields by response key, already read.
        media_type: Which of the two GraphQL media types the client accepts.
        max_bytes: Longest answer that is allowed.
        coding: How the answer may be compressed.
        is_subscription: Whether it is the last event of one.

    See: docs/graphql.md
    """

    text: str
    name: str | None
    variables: dict[str, Any]
    caller: Caller | None
    inputs: Mapping[str, ReadInput]
    media_type: str
    max_bytes: int
    coding: Coding | None = None
    is_subscription: bool = False

    def __call__(self, service: BacktestService, control: Control) -> GraphqlAnswer:
        """Execute the operation and write its result."""
        result = graphql_schema().execute_sync(
            self.text,
            variable_values=self.variables,
            operation_name=self.name,
            root_value=RunEvent() if self.is_subscription else None,
            context_value=ServiceAnswers(
                service=service,
                caller=self.caller,
                inputs=self.inputs,
                control=control,
                max_bytes=self.max_bytes,
            ),
        )
        data = None if self.is_subscription and _has_no_result(result) else result.data
        places = {key: found for key, (_, found) in self.inputs.items()}
        levels = EVENT_LEVELS if self.is_subscription else 1
        found = [to_error(error, places, levels) for error in result.errors or ()]
        content: dict[str, Any] = {"data": data} if data is not None else {}
        if found:
            content["errors"] = [entry for entry, _ in found]
            was_executed = any(error.path for error in result.errors or ())
            if data is None and was_executed:
                content["data"] = None
        # the refusal of a run whose time is up must still be written
        watched = Control() if data is None else control
        body = write_answer(json_pieces(content), watched, self.max_bytes, self.coding)
        return GraphqlAnswer(
            status=_status(self.media_type, content, found),
            headers=found[0][1].headers if found else {},
            body=body,
            code=found[0][1].code if found else None,
        )


def _has_no_result(result: ExecutionResult) -> bool:
    """Whether the run itself failed, which leaves an event with nothing in it."""
    return any(
        error.path is not None and len(error.path) == EVENT_LEVELS for error in result.errors or ()
    )


def _status(
    media_type: str, content: Mapping[str, Any], found: list[tuple[dict[str, Any], RoehubError]]
) -> int:
    if not found or content.get("data") is not None:
        return 200
    if media_type != MEDIA_TYPE and "data" in content:
        return 200
    return found[0][1].status
