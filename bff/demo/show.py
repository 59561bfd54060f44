"""How the demo prints: a ranked table and an equity curve.

See: docs/commands.md
"""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

LEVELS = " ▁▂▃▄▅▆▇█"
CURVE_ROWS = 10

COLUMNS = ("Total Return [%]", "Max. Drawdown [%]", "Num. Trades", "Win Rate [%]", "Sharpe Ratio")


def show_ranking(console: Console, response: dict[str, Any]) -> None:
    """The best variants with what makes them: parameters, thresholds, stop-loss, take-profit."""
    table = Table(title=f"The best {len(response['variants'])} of {_counted(response)}")
    table.add_column("#", justify="right")
    table.add_column("variant")
    for title in COLUMNS:
        table.add_column(title.replace(" [%]", " %"), justify="right")
    for place, variant in enumerate(response["variants"], start=1):
        metrics = {row["metric"]: row["value"] for row in variant["report"]["rows"]}
        cells = [metrics[title] for title in COLUMNS]
        table.add_row(str(place), describe(variant["payload"]), *cells)
    console.print(table)


def describe(payload: dict[str, Any]) -> str:
    """A variant in one line, for example `ma.ema 20 · momentum.rsi 14 (52/48) · sl 4 · tp 8`."""
    parts: list[str] = []
    for selection in payload["indicator_selections"]:
        indicator_id = selection["indicator_id"]
        values = " ".join(_number(value) for value in selection["params"].values())
        signals = payload["signals"].get(indicator_id, {})
        levels = f" ({'/'.join(_number(value) for value in signals.values())})" if signals else ""
        parts.append(f"{indicator_id} {values}{levels}")
    risk = payload["risk"]
    if risk["sl_enabled"]:
        parts.append(f"sl {_number(risk['sl_pct'])}")
    if risk["tp_enabled"]:
        parts.append(f"tp {_number(risk['tp_pct'])}")
    return " · ".join(parts)


def show_curve(console: Console, equity: list[float]) -> None:
    """Equity of the best variant as columns of blocks, lowest value at the bottom."""
    low, high = min(equity), max(equity)
    span = (high - low) or 1.0
    heights = [(value - low) / span * (CURVE_ROWS - 1) + 1 for value in equity]
    console.print("Equity of the best variant", style="italic")
    for row in range(CURVE_ROWS - 1, -1, -1):
        blocks = "".join(LEVELS[round(8 * min(1.0, max(0.0, h - row)))] for h in heights)
        label = {CURVE_ROWS - 1: f"{high:,.0f}", 0: f"{low:,.0f}"}.get(row, "")
        console.print(Text(f"{label:>10} {blocks}", style="green"))


def _number(value: float) -> str:
    return f"{value:g}"


def _counted(response: dict[str, Any]) -> str:
    base, risky = response["stage_a_variants"], response["stage_b_variants"]
    return f"{base:,} variants, {risky:,} with stop-loss and take-profit"
