import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NoReturn
from uuid import UUID, uuid4

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from backtest import errors as domain
from tests.bff.doubles import GOOD, USER, Store, ToldService, client, services, token

Post = Callable[..., Response]
SHARED = "access-control-allow-origin"


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[TestClient, str]]:
    built = services()
    with client(built) as test_client:
        yield test_client, token(built)


@pytest.fixture
def post(opened: tuple[TestClient, str]) -> Post:
    """Sends raw bytes to POST /backtests with a good token."""
    test_client, good_token = opened

    def send(body: bytes, content_type: str | None = "application/json") -> Response:
        headers = {"Authorization": f"Bearer {good_token}"}
        if content_type is not None:
            headers["Content-Type"] = content_type
        return test_client.post("/backtests", content=body, headers=headers)

    return send


def edited(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode()


def raw(field: str, literal: str) -> bytes:
    """The good request with one more member, written literally."""
    return (json.dumps(GOOD)[:-1] + f', "{field}": {literal}}}').encode()


def refusal(response: Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def answered(outcome: Exception) -> Response:
    built = services(ToldService(outcome))
    with client(built) as test_client:
        return test_client.post(
            "/backtests", json=GOOD, headers={"Authorization": f"Bearer {token(built)}"}
        )


def test_a_good_request_is_answered_with_json(post: Post) -> None:
    response = post(json.dumps(GOOD).encode())

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json()["mode"] == "template"


def test_equal_requests_get_equal_bytes(post: Post) -> None:
    answers = {post(json.dumps(GOOD, indent=i % 3).encode()).content for i in range(30)}

    assert len(answers) == 1


def test_answers_carry_safe_headers_and_an_id(post: Post) -> None:
    first, second = post(b"{}"), post(b"{}")

    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"] == "no-store"
    assert UUID(first.headers["x-request-id"]) != UUID(second.headers["x-request-id"])


def test_the_service_is_asked_in_the_name_of_the_caller() -> None:
    told = ToldService()
    built = services(told)

    with client(built) as test_client:
        test_client.post(
            "/backtests", json=GOOD, headers={"Authorization": f"Bearer {token(built)}"}
        )

    ((user_id, request),) = told.asked
    assert user_id == USER
    assert request.template is not None
    assert request.template.instrument.symbol == "BTCUSDT"


NOT_JSON = (400, "malformed_request")
INVALID = (422, "validation_error")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"", NOT_JSON, id="empty"),
        pytest.param(b"a=1", NOT_JSON, id="a form"),
        pytest.param(b'{"a": "\xff"}', NOT_JSON, id="not UTF-8"),
        pytest.param(b'{"a": 1', NOT_JSON, id="cut"),
        pytest.param(b'"text"', INVALID, id="a text"),
        pytest.param(b"[]", INVALID, id="a list"),
        pytest.param(b"null", INVALID, id="null"),
        pytest.param(b"{}", INVALID, id="an empty object"),
        pytest.param(b"[" * 100_000, INVALID, id="deep"),
        pytest.param(raw("top_k", "9" * 5_000), INVALID, id="5000 digits"),
        pytest.param(raw("top_k", "NaN"), INVALID, id="NaN"),
        pytest.param(raw("top_k", "-Infinity"), INVALID, id="-Infinity"),
        pytest.param(raw("top_k", "1e400"), INVALID, id="1e400"),
        pytest.param(raw("top_k", '"1"'), INVALID, id="a number as text"),
        pytest.param(raw("top_k", "true"), INVALID, id="true for a number"),
        pytest.param(raw("top_k", "1.5"), INVALID, id="a broken integer"),
        pytest.param(raw("top_k", '"\\ud800"'), INVALID, id="a lone surrogate"),
        pytest.param(raw("x", '"' + "y" * 100_000 + '"'), INVALID, id="a long unknown value"),
        pytest.param(raw("x" * 100_000, "1"), INVALID, id="a long unknown name"),
        pytest.param(raw("time_range", "{}"), INVALID, id="a repeated key"),
        pytest.param(raw("top_k", "9" * 40), INVALID, id="an integer beyond 64 bits"),
    ],
)
def test_bad_bodies_get_a_documented_refusal(
    post: Post, body: bytes, expected: tuple[int, str]
) -> None:
    response, again = post(body), post(body)

    assert refusal(response) == expected
    assert len(response.content) < 20_000
    assert response.content == again.content


def test_an_integral_float_is_an_integer(post: Post) -> None:
    assert post(raw("top_k", "1.0")).status_code == 200


def test_places_are_spelled_as_the_client_wrote_them(post: Post) -> None:
    response = post(edited(top_k=0, surprise=1))

    paths = [item["path"] for item in response.json()["error"]["details"]["errors"]]
    assert paths == ["body.surprise", "body.top_k"]


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json; charset=latin-1"])
def test_another_media_type_is_refused(post: Post, content_type: str | None) -> None:
    assert refusal(post(b"{}", content_type)) == (415, "unsupported_media_type")


def test_a_large_body_is_refused(post: Post) -> None:
    assert refusal(post(b" " * 262_145)) == (413, "payload_too_large")
    assert refusal(post(b" " * 262_144)) == NOT_JSON


def test_without_a_token_nothing_is_told_about_the_request(
    opened: tuple[TestClient, str],
) -> None:
    response = opened[0].post("/backtests", json={})

    assert refusal(response) == (401, "unauthorized")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW"])
def test_other_methods_are_refused_with_the_allowed_one(
    opened: tuple[TestClient, str], method: str
) -> None:
    response = opened[0].request(method, "/backtests")

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert method == "HEAD" or refusal(response) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/nothing", "/backtests//", "/Backtests", "/docs/nothing"])
def test_unknown_paths_are_not_found(opened: tuple[TestClient, str], path: str) -> None:
    assert refusal(opened[0].post(path, json={})) == (404, "not_found")


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (domain.NoMarketData(), INVALID),
        (domain.GuardExceeded("m", error="e", stage="stage_a", limit=1), INVALID),
        (domain.StrategyForbidden(USER), (403, "forbidden")),
        (domain.StrategyNotFound(USER), (404, "not_found")),
        (domain.BrokenInvariant(), (409, "conflict")),
        (domain.RateLimited(3), (429, "rate_limited")),
        (domain.Overloaded(3), (503, "overloaded")),
        (domain.CandlesUnavailable(), (503, "unavailable")),
        (domain.StrategiesUnavailable(), (503, "unavailable")),
        (domain.DeadlineExceeded(1.0), (504, "deadline_exceeded")),
        (RuntimeError("password=hunter2"), (500, "unexpected_error")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_failures_of_the_use_case_have_their_codes(
    outcome: Exception, expected: tuple[int, str]
) -> None:
    response = answered(outcome)

    assert refusal(response) == expected
    assert "hunter2" not in response.text
    assert ("retry-after" in response.headers) == (response.status_code in {429, 503})


def test_the_id_of_a_bug_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        error_id = answered(RuntimeError("cause")).json()["error"]["details"]["error_id"]

    (record,) = [item for item in caplog.records if item.getMessage() == "unexpected_error"]
    assert record.__dict__["error_id"] == error_id
    assert record.exc_info is not None


def test_a_page_of_an_allowed_origin_may_use_the_cookie() -> None:
    built = services()

    with client(built) as test_client:
        test_client.cookies.set("roehub_identity_jwt", token(built))
        allowed = test_client.post("/backtests", json=GOOD, headers={"Origin": "http://testserver"})
        forged = test_client.post("/backtests", json=GOOD, headers={"Origin": "http://evil"})

    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "http://testserver"
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert refusal(forged) == (401, "unauthorized")
    assert "access-control-allow-origin" not in forged.headers


@pytest.mark.parametrize("path", ["/backtests", "/graphql"])
def test_such_a_page_may_read_the_id_of_a_bug(path: str) -> None:
    def broken(*_: object) -> NoReturn:
        raise RuntimeError("cause")

    built = replace(services(), authenticate=broken)
    body = {"query": "{ runtimeDefaults { topK } }", **GOOD}

    with client(built) as test_client:
        answers = {
            origin: test_client.post(path, json=body, headers={"Origin": origin})
            for origin in ("http://testserver", "http://evil")
        }

    assert {answer.status_code for answer in answers.values()} == {500}
    assert "error_id" in answers["http://testserver"].text
    shared = {origin: answer.headers.get(SHARED) for origin, answer in answers.items()}
    assert shared == {"http://testserver": "http://testserver", "http://evil": None}


def test_closing_the_application_closes_the_stores() -> None:
    candles, strategies = Store(), Store()

    with client(services(candles=candles, strategies=strategies)):
        assert not candles.is_closed

    assert candles.is_closed
    assert strategies.is_closed


def test_the_log_has_one_line_per_request_and_no_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    built = services()
    secret, marker = token(built), str(uuid4())

    with caplog.at_level(logging.INFO), client(built) as test_client:
        test_client.post(
            "/backtests",
            json=GOOD | {"surprise": marker},
            headers={"Authorization": f"Bearer {secret}"},
        )

    (line,) = [record for record in caplog.records if record.getMessage() == "request"]
    assert (line.__dict__["status"], line.__dict__["method"]) == (422, "POST")
    assert line.__dict__["path"] == "/backtests"
    everything = "".join(str(record.__dict__) for record in caplog.records)
    assert secret not in everything
    assert marker not in everything


def test_a_grid_beyond_the_guards_is_told_so_though_no_place_is_free() -> None:
    guard = domain.GuardExceeded("too many", error="e", stage="stage_a", limit=1)
    built = services(ToldService(refusal=guard))
    built.runs.drain()

    with client(built) as opened:
        headers = {"Authorization": f"Bearer {token(built)}"}
        response = opened.post("/backtests", json=GOOD, headers=headers)

    assert refusal(response) == INVALID
    assert response.json()["error"]["details"]["stage"] == "stage_a"
