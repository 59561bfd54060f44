"""The code on the pages, block by block."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "AGENTS.md",
        *(ROOT / "docs").rglob("*.md"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block of code.

    `language` is the first word behind the fence, `kind` the rest; a block that is only indented
    has no language. `output` is what a block of Python prints, where a block of text follows it.
    """

    page: str
    line: int
    language: str
    kind: str
    text: str
    output: str | None = None

    @property
    def place(self) -> str:
        """Where an editor finds it."""
        return f"{self.page}:{self.line}"

    @property
    def first_line(self) -> str:
        """What it is called in lists."""
        return self.text.lstrip().partition("\n")[0]


def blocks_of(page: str) -> list[Block]:
    """All blocks of a page in order; a text right behind Python is its output."""
    tokens = MarkdownIt("commonmark").parse((ROOT / page).read_text(encoding="utf-8"))
    return list(_blocks(page, tokens))


def _blocks(page: str, tokens: list[Token]) -> Iterator[Block]:
    is_output = False
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type not in {"fence", "code_block"} or is_output:
            is_output = False
            continue
        language, _, kind = token.info.strip().partition(" ")
        is_output = language == "python" and after is not None and after.info == "text"
        assert token.map is not None
        yield Block(
            page=page,
            line=token.map[0] + 1,
            language=language,
            kind=kind,
            text=token.content,
            output=after.content if is_output and after is not None else None,
        )
