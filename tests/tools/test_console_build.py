"""How the console is built: with which Node, when, and what is said where it cannot be."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S
from tools.console import build as building
from tools.console.build import CannotBuild, Node, build, find_node

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Sources that were changed an hour ago, and no built files."""
    console = tmp_path / "console"
    (console / "src").mkdir(parents=True)
    (tmp_path / "schema").mkdir()
    for path in (
        *(console / name for name in ("build.mjs", "package.json", "package-lock.json")),
        console / "src" / "main.tsx",
        tmp_path / "schema" / "schema.graphql",
    ):
        path.touch()
        os.utime(path, (1_000, 1_000))
    return tmp_path


def built(checkout: Path, at_s: int) -> Path:
    page = checkout / "console" / "dist" / "index.html"
    page.parent.mkdir()
    page.touch()
    os.utime(page, (at_s, at_s))
    return page


def without_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "find_node", lambda: None)


def test_nothing_is_done_where_the_built_files_are_newest(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_node(monkeypatch)
    page = built(checkout, 2_000)

    assert build(checkout) == page.parent


@pytest.mark.parametrize("name", ["console/src/main.tsx", "schema/schema.graphql"])
def test_a_newer_source_wants_a_build(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    without_node(monkeypatch)
    built(checkout, 2_000)
    os.utime(checkout / name, (3_000, 3_000))

    with pytest.raises(CannotBuild, match="Node 20 or later was not found"):
        build(checkout)


def program(folder: Path, version: str) -> tuple[Path, Path]:
    folder.mkdir()
    node, npm = folder / "node", folder / "npm-cli.js"
    node.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
    node.chmod(0o755)
    npm.touch()
    return node, npm


@pytest.mark.skipif(sys.platform == "win32", reason="the programs here are shell scripts")
def test_the_first_node_that_is_new_enough_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = program(tmp_path / "old", "v18.20.4"), program(tmp_path / "new", "v22.1.0")
    missing = (tmp_path / "none", tmp_path / "none.js")
    monkeypatch.setattr(building, "_programs", lambda: iter([missing, old, new]))
    monkeypatch.setattr(building, "ANSWER_LIMIT_S", PATIENCE_S)

    assert find_node() == Node(*new)


@pytest.mark.skipif(sys.platform == "win32", reason="the programs here are shell scripts")
@pytest.mark.parametrize(("wanted", "given"), [(None, "1"), ("0", "0")])
def test_node_trusts_what_the_machine_trusts_unless_it_is_told_otherwise(
    checkout: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str | None,
    given: str,
) -> None:
    node, npm = program(tmp_path / "bin", "v24.19.0")
    node.write_text("#!/bin/sh\necho trust=$NODE_USE_SYSTEM_CA; exit 1\n", encoding="utf-8")
    monkeypatch.setattr(building, "find_node", lambda: Node(node, npm))
    if wanted is None:
        monkeypatch.delenv("NODE_USE_SYSTEM_CA", raising=False)
    else:
        monkeypatch.setenv("NODE_USE_SYSTEM_CA", wanted)

    with pytest.raises(CannotBuild, match=f"trust={given}"):
        build(checkout)


@pytest.mark.skipif(sys.platform == "win32", reason="the programs here are shell scripts")
def test_what_a_program_said_is_told_where_it_fails(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, npm = program(tmp_path / "bin", "v22.1.0")
    node.write_text("#!/bin/sh\necho no registry; exit 1\n", encoding="utf-8")
    monkeypatch.setattr(building, "find_node", lambda: Node(node, npm))

    with pytest.raises(CannotBuild, match="could not be installed:\nno registry"):
        build(checkout)


def generation(folder: Path, name: str) -> Path:
    """A page that names a file, as every build has them."""
    folder.mkdir()
    (folder / f"main-{name}.js").write_text(name, encoding="utf-8")
    (folder / "index.html").write_text(f"main-{name}.js", encoding="utf-8")
    return folder


def test_a_page_is_there_at_every_moment_of_a_build(tmp_path: Path) -> None:
    place = tmp_path / "dist"
    building.publish(generation(tmp_path / "first", "0"), place)
    has_ended, seen = threading.Event(), set[str]()

    def read() -> None:
        while not has_ended.is_set():
            seen.add((place / "index.html").read_text(encoding="utf-8"))

    with ThreadPoolExecutor(1) as reader:
        reading = reader.submit(read)
        for i in range(1, 200):
            building.publish(generation(tmp_path / f"made-{i}", str(i)), place)
        has_ended.set()
        reading.result()

    assert seen <= {f"main-{i}.js" for i in range(200)}
    assert sorted(file.name for file in place.iterdir()) == ["index.html", "main-199.js"]


def test_what_a_new_page_names_is_there_before_the_page_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "dist"
    building.publish(generation(tmp_path / "first", "old"), place)
    replace, told = Path.replace, list[set[str]]()

    def watched(file: Path, target: Path) -> Path:
        told.append({one.name for one in place.iterdir()})
        return replace(file, target)

    monkeypatch.setattr(Path, "replace", watched)
    building.publish(generation(tmp_path / "second", "new"), place)

    old = {"index.html", "main-old.js"}
    assert told == [old, old | {"main-new.js"}]


@pytest.mark.skipif(sys.platform == "win32", reason="the programs here are shell scripts")
def test_a_build_that_fails_leaves_what_was_there(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, npm = program(tmp_path / "bin", "v22.1.0")
    node.write_text("#!/bin/sh\ncase $1 in *build.mjs) exit 1;; esac\n", encoding="utf-8")
    monkeypatch.setattr(building, "find_node", lambda: Node(node, npm))
    page = built(checkout, 500)

    with pytest.raises(CannotBuild, match="the build failed"):
        build(checkout)

    assert page.is_file()
    assert not list(page.parents[1].glob("dist-*"))


@pytest.mark.parametrize("part", ["console", building.GRAPHIQL])
def test_a_lock_file_names_no_registry(part: str) -> None:
    text = (ROOT / part / "package-lock.json").read_text(encoding="utf-8")

    assert '"resolved"' not in text
    assert "registry" not in text
    assert '"integrity"' in text
