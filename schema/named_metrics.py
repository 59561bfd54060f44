"""The 25 metrics of a report as fields with names and types, beside the printed rows.

See: docs/metrics.md#by-name
"""

import math
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import strawberry

from schema.scalars import BigInt, Timestamp, to_time_text

Number = float | int | None


def _pct(of: str) -> Any:
    return strawberry.field(description=f"{of}, in percent.")


def _ms(of: str) -> Any:
    return strawberry.field(description=f"{of}, in milliseconds.")


def _field(description: str) -> Any:
    return strawberry.field(description=description)


@strawberry.type(description="The numbers of the rows by name, unrounded; null where undefined.")
class NamedMetrics:
    """The numbers of the rows by name, in the order of the rows.

    See: docs/metrics.md#by-name
    """

    start: Timestamp = _field("First moment of the range.")
    end: Timestamp = _field("First moment after the range.")
    duration_ms: BigInt = _ms("Length of the range")
    init_cash: float = _field("Cash at the start, in quote currency.")
    total_profit: float | None = _field("Equity at the end less the initial cash.")
    total_return_pct: float | None = _pct("Profit of the initial cash")
    benchmark_return_pct: float | None = _pct("Change from the first close to the last")
    position_coverage_pct: float | None = _pct("Share of bars from entry to exit, both inclusive")
    max_drawdown_pct: float | None = _pct("Largest drawdown over closes")
    avg_drawdown_pct: float | None = _pct("Mean drawdown over all bars")
    max_drawdown_duration_ms: BigInt | None = _ms("Longest drawdown")
    avg_drawdown_duration_ms: BigInt | None = _ms("Mean length of a drawdown")
    num_trades: int = _field("Closed trades.")
    win_rate_pct: float | None = _pct("Share of trades with a net profit above 0")
    best_trade_pct: float | None = _pct("Largest net profit of what the trade took")
    worst_trade_pct: float | None = _pct("Smallest net profit of what the trade took")
    avg_trade_pct: float | None = _pct("Mean net profit of what the trade took")
    max_trade_duration_ms: BigInt | None = _ms("Longest trade")
    avg_trade_duration_ms: BigInt | None = _ms("Mean length of a trade")
    expectancy: float | None = _field("The mean trade once more, in percent.")
    sqn: float | None = _field("System quality number: mean net profit over its spread.")
    gross_exposure: float | None = _field("Mean over all bars of invested quote over equity.")
    sharpe_ratio: float | None = _field("On daily equity; docs/metrics.md has the definition.")
    sortino_ratio: float | None = _field("On daily equity; docs/metrics.md has the definition.")
    calmar_ratio: float | None = _field("On daily equity; docs/metrics.md has the definition.")


_TIMES = frozenset({"start", "end"})


def named_metrics(metrics: Mapping[str, Number]) -> NamedMetrics:
    """The numbers of a report by name; None where one is not finite.

    Args:
        metrics: By the titles of the rows; times and durations in milliseconds.

    Raises:
        KeyError: A row is missing.

    See: docs/metrics.md#by-name
    """
    values = {metric_name(title): value for title, value in metrics.items()}
    members = (field.name for field in fields(NamedMetrics))
    return NamedMetrics(**{name: _value(name, values[_row_of(name)]) for name in members})


def metric_name(title: str) -> str:
    """The name of a row: `Max. Drawdown [%]` is `max_drawdown_pct`.

    See: docs/metrics.md#by-name
    """
    return "_".join(re.findall(r"[a-z]+", title.replace("[%]", "pct").lower()))


def _row_of(member: str) -> str:
    return member.removesuffix("_ms")


def _value(name: str, value: Number) -> Any:
    if value is None or not math.isfinite(value):
        return None
    return to_time_text(int(value)) if name in _TIMES else value
