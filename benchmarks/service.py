"""What the two faces add to a run: the same request to the use-case, over REST and over GraphQL."""

import json
import logging
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection

import structlog

from backtest.control import Control
from backtest.jit import warm
from benchmarks.alone import alone
from benchmarks.bars import YEAR_15M
from benchmarks.engine_run import USER, backtester, settings
from benchmarks.grids import Body, average, request
from benchmarks.tables import Benchmark, Finding
from schema.parse import parse_request

REPEATS = 9
N_VARIANTS = 300

MUTATION = """
mutation Run($input: RunBacktestInput!) {
  runBacktest(input: $input) {
    gridRequestHash engineParamsHash stageAVariants stageBVariants targetBars
    variants {
      variantIndex variantKey indicatorVariantKey totalReturnPct
      report { rows { metric value } tableMd }
    }
  }
}
"""


def rest_body() -> Body:
    """300 variants, all returned with their reports."""
    pair = average("ma.sma", 40, 20), average("ma.ema", 40, 15)
    return request(*pair, n_bars=YEAR_15M, top_k=N_VARIANTS, top_trades_n=1)


def graphql_body() -> Body:
    """The same request in the words of GraphQL."""
    body = rest_body()
    template = body["template"]
    grids = [
        {
            "indicatorId": grid["indicator_id"],
            "source": _axis(grid["source"]),
            "params": [
                {"name": name, "axis": _axis(axis)} for name, axis in grid["params"].items()
            ],
        }
        for grid in template["indicator_grids"]
    ]
    chosen = {
        "timeRange": body["time_range"],
        "instrumentId": {"marketId": 1, "symbol": template["instrument_id"]["symbol"]},
        "timeframe": "M15",
        "indicatorGrids": grids,
        "topK": N_VARIANTS,
        "topTradesN": 1,
    }
    return {"query": MUTATION, "variables": {"input": {"template": chosen}}}


def _axis(axis: Body) -> Body:
    if axis["mode"] == "explicit":
        return {"explicit": {"values": axis["values"]}}
    return {"range": {"start": axis["start"], "stopIncl": axis["stop_incl"], "step": axis["step"]}}


@contextmanager
def serving() -> Iterator[tuple[int, str]]:
    """The application on a port of the loopback, runs in a process apart, and a token for it."""
    import uvicorn  # noqa: PLC0415 - other benchmarks need no server

    from bff.app import create_app  # noqa: PLC0415
    from bff.config.secret import signing_secret  # noqa: PLC0415
    from bff.http.tokens import issue_token  # noqa: PLC0415
    from bff.runner.client import RunnerProcess  # noqa: PLC0415
    from bff.wiring import build  # noqa: PLC0415

    chosen = settings()
    with closing(RunnerProcess(chosen, "benchmarks.runner")) as runner:
        runner.warm()
        listener = socket.create_server(("127.0.0.1", 0))
        app = create_app(build(chosen, runner))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            secret = signing_secret(chosen.environment)
            token = issue_token(secret, user_id=USER, paid_level="pro", ttl_s=3600)
            yield listener.getsockname()[1], token
        finally:
            server.should_exit = True
            thread.join()


def measure() -> list[Finding]:
    return alone(_measure)


def _measure() -> list[Finding]:
    from bff.runner.local import freeze_startup  # noqa: PLC0415 - as `serve` does

    warm()
    freeze_startup()
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    asked = parse_request(rest_body())
    with backtester(2) as tester, serving() as (port, token):
        ways: dict[str, Callable[[], int]] = {
            "use-case": lambda: len(tester.run(asked, user_id=USER, control=Control()).variants),
            "REST": partial(_post, port, token, "/backtests", json.dumps(rest_body())),
            "GraphQL": partial(_post, port, token, "/graphql", json.dumps(graphql_body())),
        }
        sizes = {name: call() for name, call in ways.items()}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(REPEATS):
            for name, call in ways.items():
                started = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - started)
    medians = {name: 1000 * statistics.median(taken) for name, taken in seconds.items()}
    return [_finding(medians, sizes)]


def _finding(medians: dict[str, float], sizes: dict[str, int]) -> Finding:
    alone_ms = medians["use-case"]
    rows = [
        [
            name,
            f"{total:.0f} ms",
            "" if name == "use-case" else f"{total - alone_ms:.0f} ms",
            "" if name == "use-case" else f"{sizes[name] / 1000:.0f} kB",
        ]
        for name, total in medians.items()
    ]
    return Finding(
        key="service",
        question="What do the faces add to a run of 300 variants with reports?",
        header=["way", "time", "added", "answer"],
        rows=rows,
        notes=[
            (
                f"{N_VARIANTS} variants over {YEAR_15M} bars, all returned with 25 report rows and "
                "the table; the server on the loopback, runs in a process apart; a new connection "
                f"each time; medians of {REPEATS}, the ways taking turns. Targets: 100 and 400 ms."
            ),
        ],
    )


def _post(port: int, token: str, path: str, body: str) -> int:
    connection = HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    assert response.status == 200, answer[:500]
    assert b'"errors":' not in answer, answer[:500]
    return len(answer)


SERVICE = Benchmark(name="service", title="The service", measure=measure)
