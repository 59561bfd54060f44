"""Python on pages of the docs runs as it is printed, on what the page supposes to be stored."""

import re
from pathlib import Path

import matplotlib as mpl
import pytest

import roehub
from tests.roehub.conftest import Places

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    if "```python" in page.read_text(encoding="utf-8")
)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_python_on_a_page_runs(
    page: str, places: Places, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mpl.use("Agg")
    monkeypatch.setenv("ROEHUB_DATA_DIR", str(places.store))
    names: dict[str, object] = {}

    for block in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
        exec(compile(block, page, "exec"), names)

    assert isinstance(names["result"], roehub.Result)
    assert "top_k" in capsys.readouterr().out
