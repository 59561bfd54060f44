"""Docstrings lead to pages and files that exist, and modules say which page explains them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from schema.openapi import openapi_document
from tools.docs.generate_docs_index import ROOT
from tools.docs.references import Project

PACKAGES = ("backtest", "bff", "resolvers", "roehub", "schema", "tools", "trials")
EXPLAINED = ("backtest/engine", "backtest/run", "bff", "resolvers", "roehub", "schema", "tools")
"""Packages and modules of which every module names its page."""

ROOMS = (
    "backtest/engine",
    "backtest/run",
    "bff/graphql",
    "bff/http",
    "bff/rest",
    "bff/stores",
    "bff/wiring",
    "resolvers",
    "roehub",
    "schema",
)
"""Packages and modules of which every public class and function names its page."""

PAGE = re.compile(r"(?:docs/)?[\w.-]+\.md(?:#[\w-]+)?")
SEE = re.compile(r"See: (?:docs/[\w.-]+|[A-Z]+)\.md")

ORDER = re.compile(r"Reading order.*?(?:\.\n|\.$|$)", re.DOTALL)

PROJECT = Project(ROOT)

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def modules(name: str) -> list[Path]:
    path = ROOT / name
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | Definition):
            yield ast.get_docstring(node) or ""


def public_definitions(path: Path) -> Iterator[tuple[str, str]]:
    """Names and docstrings of what a module defines for others."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node.name, ast.get_docstring(node) or ""


def problems(text: str) -> Iterator[str]:
    yield from PROJECT.unknown_names(text)
    for page in PAGE.findall(text):
        if "#" in page:
            problem = PROJECT.broken_link(page, ROOT)
            if problem is not None:
                yield problem


@pytest.mark.parametrize("package", PACKAGES)
def test_what_docstrings_name_exists(package: str):
    found = [
        f"{path.relative_to(ROOT)}: {problem}"
        for path in modules(package)
        for text in docstrings(path)
        for problem in problems(text)
    ]

    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_reading_order_names_modules_that_exist(package: str):
    unknown = [
        f"{path.parent.relative_to(ROOT)}: {name}"
        for path in (ROOT / package).rglob("__init__.py")
        for order in ORDER.findall(next(docstrings(path)))
        for name in re.findall(r"`(\w+)`", order)
        if not (path.parent / name).is_dir() and not path.with_name(f"{name}.py").is_file()
    ]

    assert unknown == []


@pytest.mark.parametrize("name", EXPLAINED)
def test_every_module_names_its_page(name: str):
    silent = [
        str(path.relative_to(ROOT))
        for path in modules(name)
        if not SEE.search(next(docstrings(path)))
    ]

    assert silent == []


@pytest.mark.parametrize("name", ROOMS)
def test_every_public_definition_names_its_page(name: str):
    # OpenAPI describes a model or an enum by its docstring, and clients who read it have no docs/.
    # The descriptions of GraphQL are written out, so docstrings of its types are for us alone.
    published = openapi_document()["components"]["schemas"]

    silent = [
        f"{path.relative_to(ROOT)}: {definition}"
        for path in modules(name)
        for definition, text in public_definitions(path)
        if "See: docs/" not in text and text != published.get(definition, {}).get("description")
    ]

    assert silent == []


@pytest.mark.parametrize(
    "text",
    [
        "See: docs/nowhere.md",
        "See: docs/errors.md#nowhere",
        "It is in `bff/nowhere.py`.",
        "It is in `nowhere/`.",
        "Run `make nothing`.",
        "`python -m bff.nowhere`: a command",
    ],
)
def test_what_does_not_exist_is_found(text: str):
    assert list(problems(text))
