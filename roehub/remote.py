"""Runs on a service, over either of its faces.

See: docs/python.md, docs/graphql.md
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from roehub.asking import Body, request
from roehub.errors import Refused
from roehub.result import Curve, Result

if TYPE_CHECKING:
    import httpx

Face = Literal["rest", "graphql"]
TIMEOUT_S = 600.0
CURVE = """
mutation ($input: RunBacktestInput!, $n: Int!) { runBacktest(input: $input) { variants { report {
  equityCurve(maxPoints: $n) { ts equity drawdownPct } } } } }
"""
SURFACE = """
mutation ($input: RunBacktestInput!, $x: String, $y: String, $statistic: SurfaceStatistic!) {
  runBacktest(input: $input) { landscape { surface(x: $x, y: $y, statistic: $statistic) {
    xValues yValues cells } } } }
"""


def connect(
    url: str, token: str | None = None, *, face: Face = "rest", timeout_s: float = TIMEOUT_S
) -> "Client":
    """A service to run on.

    Args:
        url: Its address, for example `http://127.0.0.1:8080`.
        token: A token of the user, as `roehub-backtest token` prints.
        face: Which of its two faces is asked; answers are equal.
        timeout_s: How long to wait for an answer.

    Raises:
        ImportError: The extra `notebook` is not installed.

    See: docs/python.md
    """
    import httpx  # noqa: PLC0415 - of the extra `notebook`

    http = httpx.Client(base_url=url, headers=_headers(token), timeout=timeout_s)
    return Client(http, _Exchange(face))


def connect_async(
    url: str, token: str | None = None, *, face: Face = "rest", timeout_s: float = TIMEOUT_S
) -> "AsyncClient":
    """The same, to be awaited.

    See: docs/python.md
    """
    import httpx  # noqa: PLC0415 - of the extra `notebook`

    headers = _headers(token)
    return AsyncClient(
        httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout_s),
        connect(url, token, face=face, timeout_s=timeout_s),
        _Exchange(face),
    )


class Client:
    """A service that is asked from this thread; close it, or use it as a context.

    See: docs/python.md (`roehub.connect` makes it)
    """

    def __init__(self, http: "httpx.Client", exchange: "_Exchange") -> None:
        self._http, self._exchange = http, exchange

    def run(self, body: Mapping[str, Any] | None = None, /, **words: Any) -> Result:
        """Run a grid.

        Args:
            body: A request as REST takes it.
            **words: Members of the request, as `roehub.request` takes them.

        Raises:
            Refused: What the service answered instead of a result.

        See: docs/python.md
        """
        asked = request(body, **words)
        answer = self._exchange.read(self._http.post(**self._exchange.of(asked)))
        return Result(request=asked, answer=answer, place=self)

    def alone(self, asked: Body) -> Mapping[str, Any]:
        """The answer to a request of one variant.

        It comes over GraphQL, which gives a report where REST may withhold it.

        See: docs/python.md
        """
        exchange = _Exchange("graphql")
        return exchange.read(self._http.post(**exchange.of(asked)))

    def curve(self, asked: Body, n_points: int) -> Curve:
        """The equity of the only variant of a request.

        See: docs/metrics.md
        """
        return _curve(self._http.post(**_document_of(CURVE, asked, n=n_points)))

    def surface(self, asked: Body, x: str, y: str, statistic: str) -> Mapping[str, Any]:
        """A map of returns over two axes.

        See: docs/landscape.md
        """
        variables = {"x": x, "y": y, "statistic": statistic.upper()}
        body = _read(self._http.post(**_document_of(SURFACE, asked, **variables)))
        landscape: Mapping[str, Any] | None = body["data"]["runBacktest"]["landscape"]
        if landscape is None:
            return {}
        found: Mapping[str, Any] = landscape["surface"]
        return {"x": found["xValues"], "y": found["yValues"], "cells": found["cells"]}

    def close(self) -> None:
        """Close the connections.

        See: docs/python.md
        """
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient:
    """A service that is awaited; `async with` closes it.

    See: docs/python.md (`roehub.connect_async` makes it)
    """

    def __init__(self, http: "httpx.AsyncClient", place: Client, exchange: "_Exchange") -> None:
        self._http, self._place, self._exchange = http, place, exchange

    async def run(self, body: Mapping[str, Any] | None = None, /, **words: Any) -> Result:
        """Run a grid; a task that is cancelled ends the run.

        Raises:
            Refused: What the service answered instead of a result.

        See: docs/python.md
        """
        asked = request(body, **words)
        response = await self._http.post(**self._exchange.of(asked))
        return Result(request=asked, answer=self._exchange.read(response), place=self._place)

    async def close(self) -> None:
        """Close the connections.

        See: docs/python.md
        """
        self._place.close()
        await self._http.aclose()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


@dataclass(frozen=True)
class _Exchange:
    """How a request is put to a face, and its answer read."""

    face: Face

    def of(self, asked: Body) -> dict[str, Any]:
        if self.face == "rest":
            return {"url": "/backtests", "json": asked}
        from schema.graphql.spelling import run_document, run_input  # noqa: PLC0415 - if asked for

        return _document(run_document(_included(asked)), input=run_input(asked))

    def read(self, response: "httpx.Response") -> Mapping[str, Any]:
        body = _read(response)
        if self.face == "rest":
            return body
        from schema.graphql.answer import run_of  # noqa: PLC0415 - only where it is asked for
        from schema.graphql.spelling import answer_with_parts  # noqa: PLC0415

        answer = run_of(body)
        assert answer is not None
        return answer_with_parts(answer)


def _included(asked: Body) -> frozenset[str]:
    """The parts that a document has to select; what is none of them is refused as REST does."""
    from schema.graphql.spelling import PARTS  # noqa: PLC0415 - only where it is asked for

    named: Any = asked.get("include")
    listed = cast("list[object]", named) if isinstance(named, list) else None
    if listed is not None and all(name in [*PARTS] for name in listed):
        return frozenset(map(str, listed))
    if named is not None:
        _check(asked)
    return frozenset()


def _check(asked: Body) -> None:
    """Raise what REST answers to a request that the contract does not know."""
    from backtest.errors import InvalidRequest  # noqa: PLC0415 - only where it is asked for
    from bff.http.errors import payload, to_roehub  # noqa: PLC0415
    from schema.parse import parse_request  # noqa: PLC0415

    try:
        parse_request(asked)
    except InvalidRequest as exc:
        raise Refused.of(payload(to_roehub(exc))) from None


def _headers(token: str | None) -> dict[str, str]:
    accepted = {"Accept": "application/graphql-response+json, application/json"}
    return accepted if token is None else {**accepted, "Authorization": f"Bearer {token}"}


def _document(query: str, **variables: Any) -> dict[str, Any]:
    return {"url": "/graphql", "json": {"query": query, "variables": variables}}


def _document_of(query: str, asked: Body, **variables: Any) -> dict[str, Any]:
    from schema.graphql.spelling import run_input  # noqa: PLC0415 - `import roehub` is quick

    return _document(query, input=run_input(asked), **variables)


def _curve(response: "httpx.Response") -> Curve:
    (variant,) = _read(response)["data"]["runBacktest"]["variants"]
    points = variant["report"]["equityCurve"]
    return [(point["ts"], point["equity"], point["drawdownPct"]) for point in points]


def _read(response: "httpx.Response") -> Mapping[str, Any]:
    """The body of an answer.

    Raises:
        Refused: It is an error of either face, or not of this service.
    """
    try:
        body: Any = response.json()
    except ValueError:  # no JSON, or no text at all
        body = None
    match body:
        case {"error": {"code": str(), "message": str()}}:
            raise Refused.of(cast("Mapping[str, Any]", body))
        case {"errors": [{"message": str()} as error, *_]}:
            raise Refused.of_graphql(cast("Mapping[str, Any]", error))
        case {"variants": [*_]} | {"data": {"runBacktest": {}}} if response.is_success:
            return cast("Mapping[str, Any]", body)
        case _:  # something in between answers like this too, such as a proxy
            message = f"{response.url} answered {response.status_code}, but not as a Roehub service"
            raise Refused("not_a_service", message, {})
