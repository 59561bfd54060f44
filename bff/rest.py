"""`POST /backtests`: parse, delegate, answer.

See: docs/errors.md
"""

from functools import partial
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request, Response

from backtest.control import Control
from backtest.request import RunRequest
from bff.http.answer_body import AnswerBody, PiecewiseResponse, write_answer
from bff.http.content_coding import Coding, accepted_coding
from bff.http.strict_json import parse_json
from bff.wiring import Services
from resolvers.service import BacktestService
from schema.parse import parse_request
from schema.response import json_pieces

BACKTESTS_PATH = "/backtests"

router = APIRouter()


async def services_of(request: Request) -> Services:
    """What the process was built from; a coroutine, because a function would get a thread.

    See: docs/configuration.md
    """
    return request.app.state.services


@router.post(BACKTESTS_PATH)
async def post_backtests(
    request: Request, services: Annotated[Services, Depends(services_of)]
) -> Response:
    """Run a grid and answer with its best variants.

    Raises:
        RoehubError: The body or the token is refused.
        BacktestError: The request is refused, or its run ends early.

    See: docs/security.md#the-order-of-the-checks
    """
    value = parse_json(request.state.body, services.json_limits)
    caller = await services.identify(request)
    structlog.contextvars.bind_contextvars(user_id=str(caller.user_id))
    run_request = parse_request(value)
    effort_s = services.service.check(run_request)
    body = await services.runs.run_in_thread(
        request.receive,
        partial(
            services.runner.do,
            partial(
                _answer,
                run_request,
                caller.user_id,
                services.settings.server.answer_max_bytes,
                accepted_coding(request.headers.get("accept-encoding", "")),
            ),
            is_repeatable=True,
        ),
        services.deadline_s,
        user_id=caller.user_id,
        is_short=effort_s <= services.short_run_s,
    )
    return PiecewiseResponse(body, 200, {}, "application/json")


def _answer(
    request: RunRequest,
    user_id: UUID,
    max_bytes: int,
    coding: Coding | None,
    service: BacktestService,
    control: Control,
) -> AnswerBody:
    response = service.run(request, user_id=user_id, control=control)
    return write_answer(json_pieces(response), control, max_bytes, coding)
