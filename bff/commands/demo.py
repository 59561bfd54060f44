"""`demo`: a year of synthetic candles, a server, one grid through both faces, and the result.

See: docs/commands.md
"""

import typer

from bff.commands.expected import FAILED, configured, reported_failures, stderr


def demo() -> None:
    """Show the product at work. All is real except the candles; nothing is left running."""
    from bff.demo.play import play
    from bff.demo.visit import DemoFailed

    settings = configured()
    try:
        with reported_failures():
            play(settings)
    except DemoFailed as failure:
        stderr().print(f"The demo failed: {failure}", style="bold red", markup=False)
        raise typer.Exit(FAILED) from failure
