"""Where the golden files are, and how to read them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden"


def golden_cases(name: str) -> list[dict[str, Any]]:
    """The cases of one golden file, for example `engine/cases.json`."""
    cases: list[dict[str, Any]] = json.loads((GOLDEN / name).read_text("utf-8"))["cases"]
    return cases


def to_ms(text: str) -> int:
    """Epoch milliseconds of an ISO time, truncated."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
