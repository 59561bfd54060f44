"""`python -m tools.docs.generate_docs_index [--check]`: the index in `docs/README.md`.

`docs/README.md` is written by hand; each of its chapters has a region

    <!-- index: timeline.md fills.md -->
    <!-- /index -->

that this command fills with a row for each page: its title and the sentence below the title. The
order within a chapter is the order of reading. With `--check` nothing is written. The exit status
is 1 if the index is stale, if a page of `docs/` is in no chapter, or if any page of the project
points at something that does not exist.
See: docs/README.md
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tools.docs.pages import all_pages, read_page
from tools.docs.references import Project, broken_references

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "python -m tools.docs.generate_docs_index"
HEADER = "| page | what it says |\n| --- | --- |\n"
REGION = re.compile(r"(<!-- index: ([^>]*) -->\n).*?(<!-- /index -->)", re.DOTALL)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write or check the index; print each problem on a line of standard error."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="The index in docs/README.md.")
    parser.add_argument("--check", action="store_true", help="write nothing, tell what is wrong")
    is_check = parser.parse_args(arguments).check
    page = root / "docs" / "README.md"
    text = page.read_text(encoding="utf-8")
    problems = list(index_problems(text, page.parent))
    if not problems:
        filled = filled_index(text, page.parent)
        if is_check and filled != text:
            problems.append(f"docs/README.md: the index is stale; run {COMMAND}")
        elif filled != text:
            page.write_text(filled, encoding="utf-8")
    project = Project(root)
    problems += [problem for one in all_pages(root) for problem in broken_references(one, project)]
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


def filled_index(text: str, folder: Path) -> str:
    """`text` with every region filled from the pages in `folder`."""
    return REGION.sub(
        lambda region: f"{region[1]}{HEADER}{_rows(region[2].split(), folder)}{region[3]}", text
    )


def index_problems(text: str, folder: Path) -> Iterator[str]:
    """Pages of `folder` that are in no region of `text` or in several, and rows without a page."""
    named = Counter(name for region in REGION.finditer(text) for name in region[2].split())
    pages = {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")} - {"README.md"}
    for name in sorted(pages - set(named)):
        yield f"docs/{name} is in no chapter: name it in an index comment of docs/README.md"
    for name in sorted(set(named) - pages):
        yield f"docs/README.md names {name}, which is not in docs/"
    for name in sorted(name for name, times in named.items() if times > 1):
        yield f"docs/README.md names {name} more than once"
    for name in sorted(pages & set(named)):
        page = read_page(folder / name)
        if not page.title or not page.lead:
            yield f"docs/{name} must begin with a title and a sentence that says what the page says"


def _rows(names: list[str], folder: Path) -> str:
    pages = [(name, read_page(folder / name)) for name in names]
    return "".join(f"| [{page.title}]({name}) | {page.lead} |\n" for name, page in pages)


if __name__ == "__main__":
    sys.exit(main())
