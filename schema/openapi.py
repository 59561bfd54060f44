"""The published description of `POST /backtests`.

Built from the models by hand: FastAPI would describe the route as its handler reads it (raw bytes),
not as clients write it.
See: docs/errors.md
"""

from typing import Any

from pydantic.json_schema import models_json_schema

from schema.examples import GRID, SAVED
from schema.request import BacktestRequest
from schema.response import BacktestResponse

REF = "#/components/schemas/{model}"
_REFUSALS = {
    "400": ("malformed_request", "The body is not UTF-8 or not JSON."),
    "401": ("unauthorized", "No token, or one that is malformed, expired or forged."),
    "403": ("forbidden", "The saved strategy belongs to another user."),
    "404": ("not_found", "The saved strategy is missing or deleted."),
    "405": ("method_not_allowed", "Only POST is allowed."),
    "409": ("conflict", "The use-case was handed a request that breaks its invariants."),
    "413": ("payload_too_large", "The body exceeds the configured limit."),
    "415": ("unsupported_media_type", "The body is not `application/json`."),
    "422": (
        "validation_error",
        "The request is wrong or too large; details tell every problem.",
    ),
    "429": ("rate_limited", "The user's own limit is used up."),
    "500": ("unexpected_error", "A bug on our side; details hold an `error_id`."),
    "503": ("overloaded", "`overloaded`: the queue is full. `unavailable`: a store is down."),
    "504": ("deadline_exceeded", "The run's time is up; nothing keeps computing."),
}
_HEADERS = {
    "401": "WWW-Authenticate",
    "405": "Allow",
    "429": "Retry-After",
    "503": "Retry-After",
}


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document; exactly one path.

    See: docs/errors.md
    """
    _, schemas = models_json_schema(
        [(BacktestRequest, "validation"), (BacktestResponse, "serialization")],
        ref_template=REF,
    )
    components = {**schemas["$defs"], "Error": _error_schema()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Roehub backtests",
            "version": "1",
            "description": "Runs grids of strategy backtests and answers with the best of them.",
        },
        "paths": {"/backtests": {"post": _operation()}},
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "roehub_identity_jwt"},
            },
        },
    }


def _operation() -> dict[str, Any]:
    examples = {
        "ad_hoc": {"summary": "A grid over two indicators", "value": GRID},
        "saved": {"summary": "A saved strategy, long only", "value": SAVED},
    }
    answers = {code: _refusal(code, *texts) for code, texts in _REFUSALS.items()}
    return {
        "operationId": "runBacktest",
        "summary": "Run a grid of backtests",
        "description": "Give exactly one of `strategy_id` and `template`.",
        "security": [{"bearer": []}, {"cookie": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _ref("BacktestRequest"), "examples": examples}
            },
        },
        "responses": {
            "200": {
                "description": "The best variants, best first.",
                "content": {"application/json": {"schema": _ref("BacktestResponse")}},
            },
            **answers,
        },
    }


def _refusal(status: str, code: str, description: str) -> dict[str, Any]:
    example: dict[str, Any] = {"error": {"code": code, "message": description, "details": {}}}
    content: dict[str, Any] = {"application/json": {"schema": _ref("Error"), "example": example}}
    answer: dict[str, Any] = {"description": description, "content": content}
    if status in _HEADERS:
        answer["headers"] = {_HEADERS[status]: {"schema": {"type": "string"}}}
    return answer


def _error_schema() -> dict[str, Any]:
    members = {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "details": {"type": "object"},
    }
    error = {"type": "object", "required": list(members), "properties": members}
    return {"type": "object", "required": ["error"], "properties": {"error": error}}


def _ref(model: str) -> dict[str, str]:
    return {"$ref": REF.format(model=model)}
