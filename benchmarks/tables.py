"""Findings as Markdown: a page per benchmark, and the same tables wherever a page quotes them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("results")
QUOTING = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
REGION = r"(<!-- bench:{key} -->\n).*?(<!-- /bench -->)"


class Skipped(Exception):
    """What is to be measured is not here; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One question and the table that answers it.

    `key` names the table for pages that quote it; `notes` say how it was measured and what to
    keep in mind.
    """

    key: str
    question: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    picture: str | None = None


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A page of findings; `measure` takes the time."""

    name: str
    title: str
    measure: Callable[[], list[Finding]]


def write_page(benchmark: Benchmark, findings: Sequence[Finding], machine: str) -> Path:
    """Write `results/<name>.md` and refresh every page that quotes one of its tables."""
    blocks = [f"# {benchmark.title}", f"Written by `python -m benchmarks {benchmark.name}`."]
    for finding in findings:
        region = _region(finding, machine)
        blocks += [f"## {finding.question}", region]
        if finding.picture is not None:
            blocks.append(f"![{finding.question}]({finding.picture})")
        blocks += [f"- {note}" for note in finding.notes]
        for page in QUOTING:
            _quote(page, finding.key, region)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{benchmark.name}.md"
    path.write_text("\n\n".join(blocks).replace("\n\n- ", "\n- ") + "\n", encoding="utf-8")
    return path


def held_against(measured: float, most: float | None, unit: str) -> str:
    """A mark, and whether what was measured keeps to it; nothing where there is no mark."""
    if most is None:
        return ""
    return f"{most:g} {unit}: {'reached' if measured <= most else 'missed'}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, numbers to the right of the first column."""
    lines = [header, [":--", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _region(finding: Finding, machine: str) -> str:
    return "\n".join(
        (
            f"<!-- bench:{finding.key} -->",
            table(finding.header, finding.rows),
            "",
            f"*{machine}*",
            "<!-- /bench -->",
        )
    )


def _quote(page: Path, key: str, region: str) -> None:
    if not page.exists():
        return
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(REGION.format(key=re.escape(key)), re.DOTALL)
    replaced = pattern.sub(lambda _: region, text)
    if replaced != text:
        page.write_text(replaced, encoding="utf-8")
