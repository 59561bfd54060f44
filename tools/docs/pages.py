"""A page of Markdown, reduced to what the index and the check of links need.

See: docs/README.md
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin

FOLDERS = ("docs", "benchmarks", "trials", "tests")
"""Folders whose pages are read; pages at the root are read as well."""

LEVELS = 6


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page is called, what it says first and what it points at.

    Attributes:
        path: The file.
        title: Text of the first heading of level 1; empty if there is none.
        lead: Markdown of the paragraph right below the title; empty if there is none.
        anchors: Names that a link may carry behind `#`, spelled as GitHub spells them.
        links: Targets of links and images, as written.
        codes: Code spans and code blocks, as written.
    """

    path: Path
    title: str
    lead: str
    anchors: frozenset[str]
    links: tuple[str, ...]
    codes: tuple[str, ...]


def read_page(path: Path) -> Page:
    """Parse a page.

    Args:
        path: A file of Markdown in UTF-8.

    See: docs/README.md
    """
    tokens = _parser().parse(path.read_text(encoding="utf-8"))
    title, lead = _opening(tokens)
    leaves = tuple(_leaves(tokens))
    return Page(
        path=path,
        title=title,
        lead=lead,
        anchors=frozenset(_attributes(tokens, "heading_open", "id")),
        links=(*_attributes(leaves, "link_open", "href"), *_attributes(leaves, "image", "src")),
        codes=tuple(leaf.content for leaf in leaves if leaf.type in {"code_inline", "fence"}),
    )


def all_pages(root: Path) -> list[Page]:
    """The pages of the project at `root`, sorted by path."""
    paths = [
        *root.glob("*.md"),
        *(path for name in FOLDERS for path in root.glob(f"{name}/**/*.md")),
    ]
    return [read_page(path) for path in sorted(paths)]


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").use(anchors_plugin, max_level=LEVELS)


def _opening(tokens: list[Token]) -> tuple[str, str]:
    """Title and lead of a page; each is empty where the page does not open with it."""
    kinds = [token.type for token in tokens[:5]]
    if kinds[:1] != ["heading_open"] or tokens[0].tag != "h1":
        return "", ""
    lead = tokens[4].content if kinds[3:] == ["paragraph_open", "inline"] else ""
    return tokens[1].content, lead.replace("\n", " ")


def _leaves(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or (token,)


def _attributes(tokens: Any, kind: str, name: str) -> Iterator[str]:
    for token in tokens:
        if token.type == kind:
            yield str(token.attrs[name])
