"""How metrics are printed: the strings of the report and its Markdown table.

See: docs/metrics.md
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from backtest.result import MetricValue

UNDEFINED = "N/A"

CENTS, SATOSHIS = 2, 8
# Below this initial cash, half a cent is more than a thousandth of the account.
LEAST_IN_CENTS = 5.0


def print_number(value: float | None, decimals: int) -> str:
    """Fixed notation, half to even of the exact binary value, trailing zeros cut, no minus zero."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def print_percent(value: float | None) -> str:
    """Percent-like numbers: four decimals."""
    return print_number(value, 4)


def print_ratio(value: float | None) -> str:
    """SQN and the ratios: five decimals."""
    return print_number(value, 5)


def print_quote(value: float | None, decimals: int = CENTS) -> str:
    """Money: two decimals, or those of a small account (`quote_decimals`)."""
    return print_number(value, decimals)


def quote_decimals(init_cash: float) -> int:
    """Decimals of money on an account: cents, or satoshis where cents would hide it.

    Accounts of less than a thousand satoshis print five digits of their cash.
    """
    if init_cash >= LEAST_IN_CENTS:
        return CENTS
    return max(SATOSHIS, 4 - math.floor(math.log10(init_cash)))


def hides_a_thousandth(amount: float, init_cash: float) -> bool:
    """Whether money on an account prints more than a thousandth of itself off.

    See: docs/metrics.md
    """
    if not math.isfinite(amount):
        return False
    printed = float(print_quote(amount, quote_decimals(init_cash)))
    return abs(printed - amount) > abs(amount) / 1000.0


def print_count(value: float | None) -> str:
    """Whole numbers."""
    return UNDEFINED if value is None else str(int(value))


def print_duration(value: float | None) -> str:
    """Milliseconds as `[D day[s], ]H:MM:SS[.ffffff]`."""
    return UNDEFINED if value is None else str(timedelta(milliseconds=int(value)))


def print_days(days: float) -> str:
    """A number of days, rounded down: what is too few never prints as enough.

    See: docs/ratios.md
    """
    per_day = 10 if days >= 1.0 else 10_000
    return f"{math.floor(days * per_day) / per_day:g}"


def print_time(value: float | None) -> str:
    """Epoch milliseconds as `YYYY-MM-DD HH:MM:SS.mmm+00:00`."""
    if value is None:
        return UNDEFINED
    seconds, ms = divmod(int(value), 1000)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{ms:03d}+00:00"


_PRINTERS: Mapping[str, Callable[[float | None], str]] = {
    "Start": print_time,
    "End": print_time,
    "Duration": print_duration,
    "Max. Drawdown Duration": print_duration,
    "Avg. Drawdown Duration": print_duration,
    "Num. Trades": print_count,
    "Max. Trade Duration": print_duration,
    "Avg. Trade Duration": print_duration,
    "SQN": print_ratio,
    "Sharpe Ratio": print_ratio,
    "Sortino Ratio": print_ratio,
    "Calmar Ratio": print_ratio,
}


_MONEY = ("Init. Cash", "Total Profit")


def print_rows(metrics: Mapping[str, MetricValue]) -> tuple[tuple[str, str], ...]:
    """Every metric with its printed value, in the given order.

    See: docs/metrics.md
    """
    init_cash = metrics.get("Init. Cash")
    decimals = CENTS if init_cash is None else quote_decimals(init_cash)
    money = dict.fromkeys(_MONEY, partial(print_quote, decimals=decimals))
    printers = {**_PRINTERS, **money}
    return tuple(
        (title, printers.get(title, print_percent)(value)) for title, value in metrics.items()
    )


def markdown_table(rows: tuple[tuple[str, str], ...]) -> str:
    """The rows as a Markdown table.

    See: docs/metrics.md
    """
    lines = ["|Metric|Value|", "|---|---|", *(f"|{title}|{value}|" for title, value in rows)]
    return "\n".join(lines)
