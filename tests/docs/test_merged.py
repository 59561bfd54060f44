"""Nobody left a merge half done where no parser looks."""

import re

from benchmarks.machine import ROOT

MARK = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)
FOLDERS = ("", "docs", "trials", "tests", "benchmarks", "configs", "deploy")


def test_no_page_holds_both_sides_of_a_merge() -> None:
    pages = [path for folder in FOLDERS for path in (ROOT / folder).glob("*.*")]
    texts = [path for path in pages if path.suffix in {".md", ".yaml", ".toml"}]

    assert len(texts) > len(FOLDERS)
    assert [path.name for path in texts if MARK.search(path.read_text("utf-8"))] == []
