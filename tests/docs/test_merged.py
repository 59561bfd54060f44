"""Nobody left a merge half done where no parser looks."""

import re
import subprocess

from benchmarks.machine import ROOT

MARK = re.compile(r"^(<{7}|>{7}) ", re.MULTILINE)


def test_no_page_holds_both_sides_of_a_merge() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.md", "*.yaml", "*.yml", "*.toml", "Makefile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert listed
    assert [name for name in listed if MARK.search((ROOT / name).read_text("utf-8"))] == []
