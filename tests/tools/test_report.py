"""The report that was commissioned has its headings; what it names is checked with all pages."""

from pathlib import Path

from backtest.indicators.catalog import public_indicators
from tools.docs.generate_docs_index import ROOT
from tools.docs.pages import read_page
from tools.docs.references import Project, broken_references

REPORT = ROOT / "docs" / "report.ru.md"


def headings(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("## ") for line in lines if line.startswith("## ")]


def test_the_report_has_exactly_the_headings_that_were_asked_for():
    assert headings(REPORT) == [
        "Результат",
        "Изменённые файлы",
        "Ключевые решения",
        "Как проверить",
        "Риски / что дальше",
    ]


def test_every_path_and_command_that_the_report_names_exists():
    assert broken_references(read_page(REPORT), Project(ROOT)) == []


def test_every_folder_of_the_project_is_in_the_report():
    text = REPORT.read_text(encoding="utf-8")
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"configs", "docs"}

    assert [name for name in sorted(folders) if f"`{name}/`" not in text] == []


def test_the_report_counts_the_indicators_that_there_are():
    assert f"{len(public_indicators())} индикатор" in REPORT.read_text(encoding="utf-8")
