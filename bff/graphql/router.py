"""`POST /graphql`: the second face of the service; a page to try it on GET where settings allow it.

See: docs/graphql.md
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import structlog
from fastapi import APIRouter
from graphql import DocumentNode, OperationDefinitionNode, OperationType
from starlette.requests import Request
from starlette.responses import Response

from backtest.errors import BacktestError, InvalidRequest, Problem
from backtest.request import RunRequest
from bff.admission.pool import CallProgress, Watch
from bff.console import sign_in
from bff.graphql.errors import to_refusal
from bff.graphql.events import EVENT_STREAM, EventStream, RunEvents
from bff.graphql.execution import MEDIA_TYPE, GraphqlAnswer, GraphqlJob
from bff.graphql.inputs import ReadInput, read_inputs, root_fields
from bff.graphql.limits import GraphQLLimits, parse_document
from bff.http.answer_body import PiecewiseResponse
from bff.http.auth import Caller
from bff.http.content_coding import accepted_coding
from bff.http.errors import Code, RoehubError, error_response, graphql_payload
from bff.http.strict_json import parse_json
from bff.pages import graphql_page
from schema.graphql.events import progress_event
from schema.graphql.schema import RunProgress, graphql_schema, graphql_sdl

if TYPE_CHECKING:
    from bff.wiring import Services

__all__ = ["GRAPHQL_PATH", "graphql_router", "graphql_sdl"]

GRAPHQL_PATH = "/graphql"
EVERY_METHOD = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


def graphql_router(services: "Services") -> APIRouter:
    """The GraphQL face of the services; builds the schema, so that no request waits for it.

    See: docs/graphql.md
    """
    graphql_schema()
    router = APIRouter()
    router.add_route(
        GRAPHQL_PATH, _Face(services).answer, methods=EVERY_METHOD, include_in_schema=False
    )
    return router


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    """One operation of a document that was parsed."""

    text: str
    name: str | None
    variables: dict[str, Any]
    document: DocumentNode
    node: OperationDefinitionNode

    @property
    def root_names(self) -> set[str]:
        return {field.name.value for field in root_fields(self.document, self.node.selection_set)}

    @property
    def is_introspection(self) -> bool:
        return all(name.startswith("__") for name in self.root_names)

    @property
    def is_long(self) -> bool:
        return bool(self.root_names & {"runBacktest", "variantReport"})

    @property
    def is_subscription(self) -> bool:
        return self.node.operation is OperationType.SUBSCRIPTION

    @property
    def writes(self) -> bool:
        return bool(self.root_names & {"saveStrategy", "deleteStrategy"})

    @property
    def needs_candles(self) -> bool:
        return bool(self.root_names & {"instruments", "bars"})


class _Face:
    """Answers requests for one set of services."""

    def __init__(self, services: "Services") -> None:
        server = services.settings.server
        self._services = services
        self._has_graphiql = server.graphiql
        self._has_introspection = server.introspection
        self._limits = GraphQLLimits(
            max_tokens=server.graphql.max_tokens,
            max_aliases=server.graphql.max_aliases,
            max_depth=server.graphql.max_depth,
            max_fields=server.graphql.max_cost,
            max_number_chars=server.json_max_number_chars,
        )

    async def answer(self, request: Request) -> Response:
        """One HTTP exchange."""
        if request.method != "POST":
            return self._answer_other(request)
        media_type = _media_type(request)
        try:
            return await self._answer_post(request, media_type)
        except (BacktestError, RoehubError) as exc:
            error = to_refusal(exc)
            structlog.contextvars.bind_contextvars(code=error.code.value)
            response = error_response(error, graphql_payload)
            response.headers["content-type"] = f"{media_type}; charset=utf-8"
            return response

    def _answer_other(self, request: Request) -> Response:
        if self._has_graphiql and request.method == "GET" and not request.query_params:
            page = graphql_page()
            sign_in(self._services, request, page)
            return page
        allow = "GET, POST" if self._has_graphiql else "POST"
        error = RoehubError(
            Code.METHOD_NOT_ALLOWED,
            "Send GraphQL documents by POST",
            {"allow": allow},
            headers={"Allow": allow},
        )
        return error_response(error, graphql_payload)

    async def _answer_post(self, request: Request, media_type: str) -> Response:
        operation = self._read(request.state.body)
        caller = await self._authenticate(request, operation)
        inputs = read_inputs(operation.document, operation.node, operation.variables)
        job = GraphqlJob(
            text=operation.text,
            name=operation.name,
            variables=operation.variables,
            caller=caller,
            inputs=inputs,
            media_type=media_type,
            max_bytes=self._services.settings.server.answer_max_bytes,
            coding=accepted_coding(request.headers.get("accept-encoding", "")),
        )
        if operation.is_subscription:
            return await self._answer_events(request, operation, job)
        answer = await self._start(request, operation, job)
        return _to_response(answer, media_type)

    async def _answer_events(
        self, request: Request, operation: _Operation, job: GraphqlJob
    ) -> Response:
        """Events; what is refused before the first of them is answered like anything else."""
        if EVENT_STREAM not in request.headers.get("accept", ""):
            raise _refusal("query", "event_stream_required", f"send Accept: {EVENT_STREAM}")

        def show(progress: CallProgress) -> Any:
            event = RunProgress(
                stage=progress.stage,
                done=progress.done,
                total=progress.total,
                processor_seconds=round(progress.used_s, 3),
            )
            return progress_event(operation.document, operation.name, operation.variables, event)

        job = replace(job, media_type=MEDIA_TYPE, coding=None, is_subscription=True)
        events = RunEvents(partial(self._start, request, operation, job), show)
        first = await events.first()
        if first is None and (answer := events.answer()).status != HTTPStatus.OK:
            return _to_response(answer, MEDIA_TYPE)
        return EventStream(events, first)

    async def _start(
        self,
        request: Request,
        operation: _Operation,
        job: GraphqlJob,
        watch: Watch | None = None,
    ) -> GraphqlAnswer:
        """Have the job done by whoever does such ones, and wait for its answer."""
        services = self._services
        effort_s = self._effort_s(operation, job.inputs)
        if effort_s is not None:
            work = partial(services.runner.do, job, is_repeatable=not operation.writes)
            pool = services.runs
        elif operation.needs_candles:
            pool, work = services.queries, partial(services.runner.do, job)
        else:
            pool, work = services.queries, partial(job, services.service)
        user_id = None if job.caller is None else job.caller.user_id
        return await pool.run_in_thread(
            request.receive,
            work,
            services.deadline_s,
            user_id=user_id,
            is_short=effort_s is not None and effort_s <= services.short_run_s,
            on_progress=watch,
        )

    def _read(self, body: bytes) -> _Operation:
        value = parse_json(body, self._services.json_limits)
        text, variables, name = _members(value)
        document = parse_document(text, self._limits)
        operation = _Operation(
            text=text,
            name=name,
            variables=variables,
            document=document,
            node=_choose(document, name),
        )
        if not self._has_introspection and operation.root_names & {"__schema", "__type"}:
            raise _refusal(
                "query", "introspection_disabled", "introspection is disabled on this server"
            )
        return operation

    async def _authenticate(self, request: Request, operation: _Operation) -> Caller | None:
        if operation.is_introspection:
            return None
        caller = await self._services.identify(request)
        structlog.contextvars.bind_contextvars(user_id=str(caller.user_id))
        return caller

    def _effort_s(self, operation: _Operation, inputs: Mapping[str, ReadInput]) -> float | None:
        """Seconds of the runs that will come of it; None where their fields refuse the inputs."""
        if not operation.is_long:
            return None
        requests = [request for request, _ in inputs.values() if isinstance(request, RunRequest)]
        efforts = [self._checked_s(request) for request in requests]
        sound = [effort_s for effort_s in efforts if effort_s is not None]
        return sum(sound) if sound else None

    def _checked_s(self, request: RunRequest) -> float | None:
        try:
            return self._services.service.check(request)
        except BacktestError:
            return None


def _to_response(answer: GraphqlAnswer, media_type: str) -> Response:
    if answer.code is not None:
        structlog.contextvars.bind_contextvars(code=answer.code.value)
    content_type = f"{media_type}; charset=utf-8"
    return PiecewiseResponse(answer.body, answer.status, answer.headers, content_type)


def _media_type(request: Request) -> str:
    accepted = request.headers.get("accept", "")
    return MEDIA_TYPE if MEDIA_TYPE in accepted else "application/json"


def _members(value: object) -> tuple[str, dict[str, Any], str | None]:
    if not isinstance(value, dict):
        raise InvalidRequest(
            [Problem((), "model_type", "the body must be an object; batches are not accepted")]
        )
    members = cast("dict[str, Any]", value)
    query, name = members.get("query"), members.get("operationName")
    variables = members.get("variables")
    if query is None:
        raise _refusal("query", "required", "Field required")
    if not isinstance(query, str):
        raise _refusal("query", "string_type", "Input should be a valid string")
    if not isinstance(name, str | None):
        raise _refusal("operationName", "string_type", "Input should be a valid string")
    if not isinstance(variables, dict | None):
        raise _refusal("variables", "dict_type", "Input should be an object")
    return query, cast("dict[str, Any]", variables or {}), name


def _choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    ]
    named = [node for node in operations if node.name is not None and node.name.value == name]
    chosen = operations if name is None else named
    if len(chosen) != 1:
        message = "operationName must name one operation of the document"
        raise _refusal("operationName", "unknown_operation", message)
    return chosen[0]


def _refusal(member: str, code: str, message: str) -> InvalidRequest:
    return InvalidRequest([Problem((member,), code, message)])
