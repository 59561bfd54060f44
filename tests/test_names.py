"""One meaning per name: what a reader has to tell apart is called by two names."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Whom the word of the contract belongs to: the core has its own type of the same thing there.
CONTRACT = "schema"
CORE = "backtest"
PACKAGES = ("backtest", "bff", "resolvers", "roehub", "schema")


def classes() -> dict[str, list[str]]:
    """The files that define each public class of the product."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in (file for name in PACKAGES for file in (ROOT / name).rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path.relative_to(ROOT).as_posix())
    return places


def test_a_class_has_a_name_of_its_own_unless_the_contract_has_the_same_thing() -> None:
    shared = {
        name: sorted(files)
        for name, files in classes().items()
        if len(files) > 1
        and sorted(file.partition("/")[0] for file in files) != sorted((CORE, CONTRACT))
    }

    assert shared == {}


def test_a_length_of_time_is_written_once() -> None:
    """A minute, an hour and a day are in `backtest.enums`; a second one may drift."""
    lengths = {60_000, 3_600_000, 86_400_000}
    written = {
        path.relative_to(ROOT).as_posix()
        for path in (file for name in PACKAGES for file in (ROOT / name).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in lengths and type(node.value) is int
    }

    assert written == {"backtest/enums.py"}
