"""One table of thresholds: in the code, in the configuration and on both pages."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest
from pydantic import ValidationError

from backtest.thresholds import STANDARD
from bff.config.sections import EvidenceThresholds

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("page", "prefix"), [("evidence.md", ""), ("configuration.md", "backtest.evidence.")]
)
def test_a_page_has_the_table(page: str, prefix: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    rows = re.findall(rf"^\| `{re.escape(prefix)}(\w+)` \| ([\d.]+) \|", text, re.MULTILINE)
    table = {name: float(value) for name, value in rows if name in asdict(STANDARD)}

    assert table == asdict(STANDARD)


def test_the_configuration_begins_with_it() -> None:
    assert EvidenceThresholds().model_dump() == asdict(STANDARD)


def test_luck_is_not_better_than_what_holds_up() -> None:
    with pytest.raises(ValidationError, match="luck_p_value must be >= holds_up_p_value"):
        EvidenceThresholds(holds_up_p_value=0.3)
