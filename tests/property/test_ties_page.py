"""The table of docs/ties.md and the catalog name the same indicators, for the same reasons.

See: docs/ties.md
"""

import re
from pathlib import Path

import pytest

from backtest.indicators.catalog import INDICATORS, public_indicators
from backtest.indicators.definition import RuleFamily

PAGE = Path(__file__).parents[2] / "docs" / "ties.md"
IDS = [row.id for row in public_indicators()]
# What a rule compares, in the words of the table.
COMPARED = {
    RuleFamily.COMPARE_PRICE: r"the (source|close|stop)|closes",
    RuleFamily.COMPARE_VOLUME: r"the volume with",
    RuleFamily.THRESHOLD_BAND: r"thresholds|with 0 and 1",
    RuleFamily.THRESHOLD_CENTERED: r"with `1 ± t`",
    RuleFamily.SIGN: r"\bsign\b",
    RuleFamily.DELTA_SIGN: r"with (the one|those) before|with an earlier sum",
    RuleFamily.CANDLE_BODY: r"close with open",
    RuleFamily.PIVOT_EVENTS: r"with their neighbours",
}


def table() -> dict[str, tuple[str, str]]:
    """What each indicator compares and what keeps it exact, by its id."""
    told: dict[str, tuple[str, str]] = {}
    _, _, section = PAGE.read_text("utf-8").partition("\n## Where an indicator")
    for line in re.findall(r"^\| `.*$", section, re.MULTILINE):
        ids, compares, exact = (cell.strip() for cell in line.strip("|").split(" | "))
        for name in re.findall(r"`([a-z_.]+)`", ids):
            assert name not in told, name
            told[name] = compares, exact.strip(" |")
    return told


def test_every_indicator_stands_in_the_table_once() -> None:
    assert sorted(table()) == sorted(IDS)


@pytest.mark.parametrize("indicator", IDS)
def test_the_table_says_what_the_rule_compares(indicator: str) -> None:
    compares, exact = table()[indicator]
    rule = INDICATORS[indicator].rule
    assert rule is not None

    assert re.search(COMPARED[rule.family], compares)
    assert exact
