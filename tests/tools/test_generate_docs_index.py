"""The command over a small project, and over this one."""

from pathlib import Path

import pytest

from tools.docs.generate_docs_index import COMMAND, ROOT, main

FRONT = "# Docs\n\nStart here.\n\n<!-- index: fills.md grid.md -->\n<!-- /index -->\n"
FILLS = (
    "# Fills\n\nWhen a trade opens.\n\n## Costs\n\nSee [the grid](grid.md#a-grid), `make test`.\n"
)
GRID = "# A grid\n\nWhat a grid is,\nin `engine.py`.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "Makefile").write_text("test: all  ## Test\n", encoding="utf-8")
    (tmp_path / "engine.py").touch()
    for name, text in {"README.md": FRONT, "fills.md": FILLS, "grid.md": GRID}.items():
        (tmp_path / "docs" / name).write_text(text, encoding="utf-8")
    return tmp_path


def change(project: Path, name: str, old: str, new: str) -> None:
    page = project / "docs" / name
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new), encoding="utf-8")


def complaints(project: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main(["--check"], project) == 1
    return capsys.readouterr().err.splitlines()


def test_pages_stand_in_reading_order_with_what_they_say(project: Path):
    assert main([], project) == 0

    text = (project / "docs" / "README.md").read_text(encoding="utf-8")
    assert text.splitlines()[6:10] == [
        "| --- | --- |",
        "| [Fills](fills.md) | When a trade opens. |",
        "| [A grid](grid.md) | What a grid is, in `engine.py`. |",
        "<!-- /index -->",
    ]
    assert main(["--check"], project) == 0


def test_writing_again_changes_nothing(project: Path):
    main([], project)
    first = (project / "docs" / "README.md").read_bytes()

    assert main([], project) == 0

    assert (project / "docs" / "README.md").read_bytes() == first


def test_a_check_writes_nothing_and_says_what_to_run(
    project: Path, capsys: pytest.CaptureFixture[str]
):
    before = (project / "docs" / "README.md").read_bytes()

    assert complaints(project, capsys) == [f"docs/README.md: the index is stale; run {COMMAND}"]
    assert (project / "docs" / "README.md").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("fills.md", "When a", "Where a", "docs/README.md: the index is stale; run " + COMMAND),
        ("README.md", " grid.md", "", "docs/grid.md is in no chapter: name it in an index comment"),
        ("README.md", "grid.md", "gone.md", "docs/README.md names gone.md, which is not in docs/"),
        (
            "README.md",
            "grid.md",
            "grid.md fills.md",
            "docs/README.md names fills.md more than once",
        ),
        ("grid.md", "# A grid\n", "", "docs/grid.md must begin with a title and a sentence"),
        ("grid.md", "What a grid", "## What a grid", "docs/grid.md must begin with a title and a"),
        ("fills.md", "grid.md#", "gone.md#", "the link gone.md#a-grid leads to no file"),
        ("fills.md", "#a-grid", "#b-grid", "the link grid.md#b-grid leads to no heading"),
        ("fills.md", "grid.md#a-grid", "#cost", "the link #cost leads to no heading"),
        ("grid.md", "engine.py", "engines.py", "docs/grid.md: there is no engines.py"),
        ("grid.md", "engine.py", "engines/", "docs/grid.md: there is no engines"),
        ("fills.md", "make test", "make tests", "docs/fills.md: there is no make tests"),
        (
            "fills.md",
            "make test",
            "python -m docs.a",
            "docs/fills.md: there is no python -m docs.a",
        ),
    ],
)
def test_what_is_wrong_is_told(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    old: str,
    new: str,
    complaint: str,
):
    main([], project)

    change(project, name, old, new)

    assert any(complaint in line for line in complaints(project, capsys))


@pytest.mark.parametrize("target", ["#costs", "grid.md", "../engine.py", "https://example.org/a#b"])
def test_links_to_what_exists_and_to_other_sites_are_fine(project: Path, target: str):
    change(project, "fills.md", "grid.md#a-grid", target)

    assert main([], project) == 0


def test_this_project(capsys: pytest.CaptureFixture[str]):
    assert main(["--check"], ROOT) == 0, capsys.readouterr().err
