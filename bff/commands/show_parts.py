"""How `run` and `demo` print what an answer tells beside its variants.

See: docs/commands.md
"""

from typing import Any

from rich.console import Console
from rich.text import Text

VERDICTS = {
    "NOT_ENOUGH_DATA": ("there is not enough data to say.", "yellow"),
    "LIKELY_LUCK": ("likely luck.", "red"),
    "UNCLEAR": ("unclear.", "yellow"),
    "HOLDS_UP": ("it holds up.", "green"),
}


def show_parts(console: Console, response: dict[str, Any]) -> None:
    """The conclusion, the landscape, what closes hide, the receipt: whatever there is of them.

    Args:
        console: Where to.
        response: The answer of POST /backtests.

    See: docs/commands.md
    """
    if response["evidence"] is not None:
        _show_conclusion(console, response["evidence"])
    if response["landscape"] is not None:
        _print(console, _landscape(response["landscape"]))
    for variant in response["variants"][:1]:
        if variant["intrabar"] is not None:
            _print(console, _hidden(variant))
    if response["receipt"] is not None:
        _print(console, f"Receipt: {response['receipt']['sha256']}.")


def _show_conclusion(console: Console, evidence: dict[str, Any]) -> None:
    conclusion = evidence["conclusion"]
    words, style = VERDICTS[conclusion["verdict"]]
    console.print(Text(f"Is the best variant luck or skill? {words.capitalize()}", style=style))
    for reason in conclusion["reasons"]:
        _print(console, f"- {_sentence(reason['text'])}.")


def _landscape(landscape: dict[str, Any]) -> str:
    shares = [(axis["share"], axis["name"]) for axis in landscape["axes"] if axis["share"]]
    listed = ", ".join(f"{name} {share:.0%}" for share, name in sorted(shares, reverse=True))
    return f"Share of the return's variance that each axis explains alone: {listed or 'none'}."


def _hidden(variant: dict[str, Any]) -> str:
    hidden = variant["intrabar"]
    return (
        "Within bars, the best variant touched its stop-loss in"
        f" {hidden['trades_touched_stop']:,} trades and its take-profit in"
        f" {hidden['trades_touched_target']:,} before the close that ended them; filled at those"
        f" levels, it would return {hidden['total_return_pct']:.4f} %"
        f" instead of {variant['total_return_pct']:.4f} %."
    )


def _print(console: Console, line: str) -> None:
    console.print(Text(line))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
