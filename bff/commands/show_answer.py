"""How `run` and `demo` print an answer: a ranked table, an equity curve, what it rests on.

See: docs/commands.md
"""

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from backtest.report.table import print_ratio
from bff.commands.show_parts import show_parts

LEVELS = " ▁▂▃▄▅▆▇█"
ASCII_LEVELS = " .:-=+*%#"
CURVE_ROWS = 10

PIPED_WIDTH = 140
ROWS = ("Total Return [%]", "Max. Drawdown [%]", "Num. Trades", "Win Rate [%]")
# Metrics of a ranking that have a column anyway.
SHOWN = ("total_return_pct", "max_drawdown_pct", "sharpe")
WHOLE_MONEY = 1_000.0

Cell = Callable[[dict[str, Any]], str]


def result_console() -> Console:
    """Standard output, wide enough for the table where it is not a terminal."""
    return Console(width=None if Console().is_terminal else PIPED_WIDTH)


def show_answer(console: Console, response: dict[str, Any], equity: list[float]) -> None:
    """Everything that a person should see of an answer.

    Args:
        console: Where to.
        response: The answer of POST /backtests, with reports.
        equity: Of the best variant, at the closes of some bars; empty without a variant.

    See: docs/commands.md
    """
    show_ranking(console, response)
    if equity:
        show_curve(console, equity)
    show_basis(console, response)
    show_parts(console, response)


def show_basis(console: Console, response: dict[str, Any]) -> None:
    """The candles that were found, then the notes, one a line."""
    data = response["data"]
    console.print(_candles(data) + _gap(data["longest_gap"]), highlight=False)
    for note in response["notes"]:
        console.print(Text(f"- {note['message']}.", style="yellow"))


def show_ranking(console: Console, response: dict[str, Any]) -> None:
    """The best variants with what makes them, what ranks them, and what other tools call Sharpe."""
    variants = response["variants"]
    columns = _columns(variants)
    table = Table(title=f"The best {len(variants)} of {_counted(response)}")
    table.add_column("#", justify="right")
    table.add_column("variant")
    for title in columns:
        table.add_column(title, justify="right")
    for place, variant in enumerate(variants, start=1):
        cells = [cell(variant) for cell in columns.values()]
        table.add_row(str(place), describe(variant["payload"]), *cells)
    console.print(table)


def _columns(variants: list[dict[str, Any]]) -> dict[str, Cell]:
    """What stands in the columns behind the variant, by their titles."""
    columns = {title.replace(" [%]", " %"): _row(title) for title in ROWS}
    columns["Sharpe"] = lambda variant: print_ratio(variant["report"]["standard"]["sharpe"])
    for place in ("primary", "secondary"):
        score = variants[0]["ranking"][place] if variants else None
        if score is not None and score["metric"] not in SHOWN:
            title = score["metric"].replace("_pct", " %").replace("_", " ")
            columns[title] = _ranked_by(place)
    return columns


def _row(title: str) -> Cell:
    def printed(variant: dict[str, Any]) -> str:
        (value,) = [r["value"] for r in variant["report"]["rows"] if r["metric"] == title]
        return value

    return printed


def _ranked_by(place: str) -> Cell:
    def printed(variant: dict[str, Any]) -> str:
        score = variant["ranking"][place]
        return "infinite" if score["infinite"] else print_ratio(score["value"])

    return printed


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
    levels = ASCII_LEVELS if console.options.ascii_only else LEVELS
    console.print("Equity of the best variant", style="italic")
    for row in range(CURVE_ROWS - 1, -1, -1):
        blocks = "".join(levels[round(8 * min(1.0, max(0.0, h - row)))] for h in heights)
        label = {CURVE_ROWS - 1: _money(high, high), 0: _money(low, high)}.get(row, "")
        console.print(Text(f"{label:>10} {blocks}", style="green"))


def _money(amount: float, most: float) -> str:
    """Whole units where there are thousands of them, else the digits that there are."""
    return f"{amount:,.0f}" if most >= WHOLE_MONEY else f"{amount:.6g}"


def _candles(data: dict[str, Any]) -> str:
    n_expected, n_missing = data["candles_expected"], data["candles_missing"]
    between = f"{_minute(data['first_candle'])} to {_minute(data['last_candle'])}"
    missing = f"{n_missing:,} of {n_expected:,} missing" if n_missing else "none missing"
    return (
        f"Candles of {data['candle_seconds']} s from {between}, {missing};"
        f" {data['bars_filled']:,} bars made up"
    )


def _gap(gap: dict[str, Any] | None) -> str:
    if gap is None:
        return "."
    return f"; the longest gap: {gap['candles']:,} candles from {_minute(gap['start'])}."


def _minute(moment: str | None) -> str:
    return "nowhere" if moment is None else moment[:16]


def _number(value: float) -> str:
    return f"{value:g}"


def _counted(response: dict[str, Any]) -> str:
    base, risky = response["stage_a_variants"], response["stage_b_variants"]
    text = f"{base:,} variants"
    return text if risky == base else f"{text}, {risky:,} with stop-loss and take-profit"
