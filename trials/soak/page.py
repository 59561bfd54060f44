"""Regions of pages that trials write: `<!-- soak:name -->` to `<!-- /soak -->`.

The page is docs/reliability.md unless another is named.
"""

import re
from pathlib import Path

from benchmarks.machine import ROOT, describe

PAGE = ROOT / "docs" / "reliability.md"


def write_region(name: str, text: str, page: Path = PAGE) -> None:
    """Replace a region; where and when it was measured stands below it."""
    region = f"<!-- soak:{name} -->\n{text}\n\n*{describe()}*\n<!-- /soak -->"
    pattern = re.compile(rf"<!-- soak:{re.escape(name)} -->.*?<!-- /soak -->", re.DOTALL)
    page.write_text(
        pattern.sub(lambda _: region, page.read_text(encoding="utf-8")), encoding="utf-8"
    )


def rows_of(name: str, first: str, page: Path = PAGE) -> list[tuple[str, ...]]:
    """Rows of a region's table whose first cell is `first`."""
    text = page.read_text(encoding="utf-8")
    region = text.partition(f"<!-- soak:{name} -->")[2].partition("<!-- /soak -->")[0]
    cells = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in region.splitlines()
        if line.startswith("|")
    ]
    return [row for row in cells if row[0] == first]
