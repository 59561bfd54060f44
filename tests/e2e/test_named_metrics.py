"""The 25 metrics by name are those of the printed rows, each with its own type."""

import re
from datetime import datetime
from typing import Any

import pytest
from strawberry.utils.str_converters import to_camel_case

from backtest.report.table import print_time
from schema.graphql import graphql_schema
from tests.e2e.grids import GRID, candles
from tests.e2e.world import opened_over
from tests.faces import to_graphql

FIELDS = [field.name for field in graphql_schema().get_type_by_name("NamedMetrics").fields]  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]
NAMES = [to_camel_case(name) for name in FIELDS]
DOCUMENT = f"""mutation ($i: RunBacktestInput!) {{ runBacktest(input: $i) {{ variants {{ report {{
  rows {{ metric value }} metrics {{ metric value }} named {{ {" ".join(NAMES)} }} }} }} }} }}"""


@pytest.fixture(scope="module")
def reports() -> list[dict[str, Any]]:
    with opened_over(candles()) as (_, graphql):
        answer = graphql.ask(DOCUMENT, {"i": to_graphql(GRID)}).json()
    assert "errors" not in answer, answer
    return [variant["report"] for variant in answer["data"]["runBacktest"]["variants"]]


def epoch_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_each_row_has_a_name_in_the_same_place(reports: list[dict[str, Any]]) -> None:
    titles = [row["metric"] for row in reports[0]["rows"]]
    plain = [re.sub(r"[^a-z]", "", title.lower().replace("[%]", "pct")) for title in titles]

    assert [name.lower().removesuffix("ms") for name in NAMES] == plain
    assert len(NAMES) == 25


def test_the_named_numbers_are_the_unrounded_ones(reports: list[dict[str, Any]]) -> None:
    assert len(reports) > 5
    for report in reports:
        numbers = [item["value"] for item in report["metrics"]]
        told = list(report["named"].values())

        assert [epoch_ms(told[0]), epoch_ms(told[1]), *told[2:]] == numbers
        assert print_time(epoch_ms(told[0])) == report["rows"][0]["value"]


def test_counts_and_durations_are_whole(reports: list[dict[str, Any]]) -> None:
    named = reports[0]["named"]
    whole = [name for name in NAMES if name.endswith("Ms")] + ["numTrades"]

    assert len(whole) == 6
    assert all(isinstance(named[name], int) for name in whole)
