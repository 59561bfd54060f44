"""`demo`: a year of synthetic candles, a server, one grid through both faces, and the result."""

import json
import time
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape

from bff.commands.expected import FAILED, configured, failures_told
from bff.config.secret import signing_secret
from bff.http.auth import issue_token

if TYPE_CHECKING:
    from bff.config.settings import Settings


def demo() -> None:
    """Show what this is: everything real except the candles, nothing left running."""
    from bff.demo.visit import DemoFailed  # noqa: PLC0415 - `--help` stays quick

    settings = configured()
    console = Console(width=None if Console().is_terminal else 140)
    try:
        with failures_told():
            _play(console, settings)
    except DemoFailed as failure:
        console.print(f"The demo failed: {failure}", style="bold red", markup=False)
        raise typer.Exit(FAILED) from failure


def _play(console: Console, settings: "Settings") -> None:
    from bff.demo import scene  # noqa: PLC0415
    from bff.demo.visit import running_server  # noqa: PLC0415

    start = time.perf_counter()
    token = issue_token(
        signing_secret(settings), user_id=scene.USER, paid_level="pro", ttl_s=86_400
    )
    console.rule("1. Candles")
    written = scene.write_candles(settings)
    scene.prepare_strategies(settings)
    console.print(
        f"{scene.INSTRUMENT.symbol}: {written.n_new + written.n_identical:,} one-minute candles in"
        f" {settings.environment.data_dir}. They are [bold]synthetic[/]: a seeded random market,"
        " so no result here means anything."
    )
    console.rule("2. Server")
    with running_server() as address:
        console.print(f"listening on {address}")
        best = _compare(console, address, token)
        _rerun_saved(console, settings, address, token, best)
    console.rule("Done")
    console.print(f"{time.perf_counter() - start:.1f} s in all; the server has been stopped.")
    _say_next(console, token)


def _compare(console: Console, address: str, token: str) -> dict[str, Any]:
    """Run the grid over REST and GraphQL, demand equal answers, show them."""
    from bff.demo import scene  # noqa: PLC0415
    from bff.demo.show import show_curve, show_ranking  # noqa: PLC0415
    from bff.demo.visit import DemoFailed, post  # noqa: PLC0415

    console.rule("3. One grid, two faces")
    rest = post(f"{address}/backtests", scene.REQUEST, token)
    document = {"query": scene.DOCUMENT, "variables": scene.graphql_variables()}
    graphql = post(f"{address}/graphql", document, token)
    if "errors" in graphql.body:
        raise DemoFailed(f"GraphQL answered {graphql.body['errors']}")
    answer = graphql.body["data"]["runBacktest"]
    seen = [(v["variantKey"], v["totalReturnPct"]) for v in answer["variants"]]
    wanted = [(v["variant_key"], v["total_return_pct"]) for v in rest.body["variants"]]
    if seen != wanted or answer["gridRequestHash"] != rest.body["grid_request_hash"]:
        raise DemoFailed("REST and GraphQL do not agree")
    console.print(
        f"REST {rest.seconds:.2f} s, GraphQL {graphql.seconds:.2f} s, {rest.body['target_bars']:,}"
        f" bars: the same variants, returns and hash {rest.body['grid_request_hash'][:16]}…"
    )
    show_ranking(console, rest.body)
    points = answer["variants"][0]["report"]["equityCurve"]
    show_curve(console, [point["equity"] for point in points])
    return rest.body


def _rerun_saved(
    console: Console, settings: "Settings", address: str, token: str, response: dict[str, Any]
) -> None:
    """Save the best variant as a strategy and run it in saved mode."""
    from bff.demo import scene  # noqa: PLC0415
    from bff.demo.visit import DemoFailed, post  # noqa: PLC0415

    console.rule("4. Saved strategy")
    strategy_id = scene.save_best(settings, response)
    request = {"time_range": scene.TIME_RANGE, "strategy_id": str(strategy_id)}
    saved = post(f"{address}/backtests", request, token).body["variants"][0]
    first = response["variants"][0]["total_return_pct"]
    if saved["total_return_pct"] != first:
        raise DemoFailed(f"saved it returns {saved['total_return_pct']}, before it was {first}")
    console.print(f"The best variant, saved as {strategy_id} and run alone: {first:.4f} % again.")


def _say_next(console: Console, token: str) -> None:
    from bff.demo.scene import INSTRUMENT, TIME_RANGE  # noqa: PLC0415

    small = {
        "time_range": TIME_RANGE,
        "top_k": 3,
        "template": {
            "instrument_id": {"market_id": INSTRUMENT.market_id, "symbol": INSTRUMENT.symbol},
            "timeframe": "4h",
            "indicator_grids": [{"indicator_id": "trend.supertrend"}],
        },
    }
    console.print("\n[bold]Next[/]")
    console.print("make serve                     the same data on http://127.0.0.1:8080")
    console.print("http://127.0.0.1:8080/graphql  a page to play with; put the token into Headers")
    console.print(
        "python -m bff candles import FILE… --market-id 1 --symbol BTCUSDT   real candles"
    )
    console.print("\nWith the server up, REST by hand (the token lasts a day):\n")
    line = (
        "curl -s http://127.0.0.1:8080/backtests -H 'Content-Type: application/json'"
        f" -H 'Authorization: Bearer {token}' -d '{json.dumps(small)}'"
    )
    console.print(escape(line), soft_wrap=True, highlight=False)
