"""What pages and docstrings point at, and what of it is missing.

See: docs/README.md
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.docs.pages import Page, read_page

FILE = re.compile(
    r"(?<![\w./<*{-])("
    r"\w[\w./-]*\.(?:py|md|ya?ml|toml|html|lock|png|npz)\b|\w[\w.-]*/[\w./-]*\.(?:graphql|json)\b)"
)
FOLDER = re.compile(r"`([a-z][\w.-]*(?:/[\w.-]+)*)/`")
MAKE = re.compile(r"(?:^|`)make ([a-z]+)\b", re.MULTILINE)
MODULE = re.compile(r"\bpython -m ([a-z_][\w.]*)")
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)

NOT_OURS = frozenset({".git", ".venv", ".data", "__pycache__"})


@dataclass(frozen=True)
class Project:
    """The files, commands and anchors that a reference may name.

    Attributes:
        root: The folder that holds the Makefile.
    """

    root: Path

    @cached_property
    def tails(self) -> frozenset[str]:
        """Every end of every path of a file or folder, such as `engine/money/trades.py`."""
        return frozenset(
            "/".join(parts[start:]) for parts in _paths(self.root) for start in range(len(parts))
        )

    @cached_property
    def targets(self) -> frozenset[str]:
        """What `make` can make."""
        return frozenset(TARGET.findall((self.root / "Makefile").read_text(encoding="utf-8")))

    def runs(self, module: str) -> bool:
        """Whether `python -m module` finds a file; modules of other projects are not judged."""
        path = self.root.joinpath(*module.split("."))
        is_ours = (self.root / module.split(".", maxsplit=1)[0]).is_dir()
        return not is_ours or path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()

    def broken_link(self, target: str, start: Path) -> str | None:
        """Why a link is broken; `None` if it is not, or if it leads to another site.

        Args:
            target: As written, with or without an anchor.
            start: The file or folder that the link is relative to.
        """
        url = urlsplit(target)
        if url.scheme or url.netloc:
            return None
        folder = start.parent if start.is_file() else start
        path = (folder / unquote(url.path)).resolve() if url.path else start
        if not path.exists():
            return f"the link {target} leads to no file"
        if url.fragment and unquote(url.fragment) not in read_page(path).anchors:
            return f"the link {target} leads to no heading"
        return None

    def unknown_names(self, text: str) -> Iterator[str]:
        """Files, folders, make targets and modules that `text` names and that do not exist.

        A file may be named by the end of its path.
        """
        for name in (*FILE.findall(text), *FOLDER.findall(text)):
            if name not in self.tails:
                yield f"there is no {name}"
        for target in MAKE.findall(text):
            if target not in self.targets:
                yield f"there is no make {target}"
        for module in MODULE.findall(text):
            if not self.runs(module):
                yield f"there is no python -m {module}"


def broken_references(page: Page, project: Project) -> list[str]:
    """What `page` points at and is not there, sorted, each with the name of the page.

    See: docs/README.md
    """
    broken = {project.broken_link(target, page.path) for target in page.links} - {None}
    unknown = {problem for code in page.codes for problem in project.unknown_names(f"`{code}`")}
    where = page.path.relative_to(project.root)
    return sorted(f"{where}: {problem}" for problem in {*broken, *unknown})


def _paths(root: Path) -> Iterator[tuple[str, ...]]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        for name in (*folders, *files):
            yield (Path(folder) / name).relative_to(root).parts
