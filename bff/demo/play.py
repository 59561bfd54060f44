"""The acts of the demo, in order.

See: README.md
"""

import time
from functools import partial
from typing import Any

from rich.console import Console

from bff.commands.show_answer import result_console, show_answer
from bff.config.secret import signing_secret
from bff.config.settings import Settings
from bff.demo import scene
from bff.demo.visit import DemoFailed, post, running_server
from bff.http.tokens import issue_token
from bff.pages import own_command
from schema import examples


def play(settings: Settings) -> None:
    """Make candles, start a server, ask both faces, save the best variant, stop the server.

    Raises:
        DemoFailed: Something is not as it should be.
    """
    console = result_console()
    start = time.perf_counter()
    secret = signing_secret(settings.environment)
    token = issue_token(secret, user_id=examples.USER, paid_level="pro", ttl_s=3_600)
    console.rule("1. Candles")
    written = scene.write_candles(settings)
    scene.prepare_strategies(settings)
    console.print(
        f"{scene.INSTRUMENT.symbol}: {written.n_new + written.n_identical:,} one-minute candles in"
        f" {settings.environment.data_dir}. They are [bold]synthetic[/]: a seeded random market,"
        " so no result here means anything."
    )
    console.rule("2. Server")
    with running_server(partial(console.print, style="dim", markup=False)) as address:
        console.print(f"listening on {address}")
        best = _compare(console, address, token)
        _rerun_saved(console, settings, address, token, best)
    console.rule("Done")
    console.print(f"{time.perf_counter() - start:.1f} s in all; the server has been stopped.")
    _print_next_steps(console)


def _compare(console: Console, address: str, token: str) -> dict[str, Any]:
    """Run the grid over REST and GraphQL, demand equal answers, show them."""
    console.rule("3. One grid, two faces")
    rest = post(f"{address}/backtests", scene.REQUEST | {"include": ["evidence"]}, token)
    document = {
        "query": scene.DOCUMENT,
        "variables": {"input": examples.graphql_input(scene.REQUEST)},
    }
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
    points = answer["variants"][0]["report"]["equityCurve"]
    show_answer(console, rest.body, [point["equity"] for point in points])
    return rest.body


def _rerun_saved(
    console: Console, settings: Settings, address: str, token: str, response: dict[str, Any]
) -> None:
    """Save the best variant as a strategy and run it in saved mode."""
    console.rule("4. Saved strategy")
    scene.save_best(settings, response)
    request = {"time_range": scene.TIME_RANGE, "strategy_id": str(examples.STRATEGY)}
    saved = post(f"{address}/backtests", request, token).body["variants"][0]
    first = response["variants"][0]["total_return_pct"]
    if saved["total_return_pct"] != first:
        raise DemoFailed(f"saved it returns {saved['total_return_pct']}, before it was {first}")
    console.print(
        f"The best variant, saved as {examples.STRATEGY} and run alone: {first:.4f} % again."
    )


def _print_next_steps(console: Console) -> None:
    command = own_command()
    console.print("\n[bold]Next[/]")
    for line, purpose in (
        (f"{command} serve", "the same data on http://127.0.0.1:8080, with examples to try"),
        (f"{command} candles import FILE… --market-id 1 --symbol BTCUSDT", "real candles"),
    ):
        console.print(f"{line}  [dim]{purpose}[/]", soft_wrap=True, highlight=False)
