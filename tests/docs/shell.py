"""A block of shell: each command is run where that is cheap, and read to its end elsewhere."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from packaging.requirements import Requirement
from typer.testing import CliRunner

from bff.cli import app
from bff.config.environment import KNOWN_VARIABLES
from tests.docs.left_out import LEFT_PROGRAMS
from tests.docs.pages import ROOT, Block
from tests.docs.site import PRINTED, Site

# They reach for the network, or last until they are stopped: only their words are judged.
ONLY_READ = {("candles", "download"), ("serve",), ("demo",)}


def run_shell(block: Block, site: Site) -> None:
    """Do what the lines say, one after the other; variables are kept for the next line."""
    variables: dict[str, str] = {}
    for line in _lines(block.text):
        assigned = re.fullmatch(r"(\w+)=\$\((.*)\)", line, re.DOTALL)
        if assigned:
            variables[assigned[1]] = _run(assigned[2], variables, site).strip()
        else:
            _run(line, variables, site)


def _lines(text: str) -> Iterator[str]:
    """Commands as a shell divides them: a quotation and a backslash go on."""
    kept = ""
    for line in text.splitlines():
        kept += line
        if kept.endswith("\\"):
            kept = kept[:-1]
            continue
        try:
            words = shlex.split(kept, comments=True)
        except ValueError:  # a quotation is open
            kept += "\n"
            continue
        if words:
            yield kept
        kept = ""
    assert not kept, f"a quotation has no end: {kept}"


def _run(line: str, variables: dict[str, str], site: Site) -> str:
    """What the last command of a line prints."""
    printed = ""
    for command in line.split(" && ") if " && " in line and "'" not in line else [line]:
        words = [_filled(word, variables) for word in shlex.split(command, comments=True)]
        words, _, to = _parted(words, ">")
        words = _without_settings(words)
        if not words:
            continue
        program = Path(words[0]).name
        if program in LEFT_PROGRAMS:
            continue
        assert program in PROGRAMS, (
            f"nothing here runs {program}: add it to PROGRAMS, or the block to left_out.py"
        )
        printed = PROGRAMS[program](words[1:], site)
        if to:
            _write(to[0], printed)
    return printed


def _filled(word: str, variables: dict[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda name: variables[name[1]], word)


def _without_settings(words: list[str]) -> list[str]:
    """The command behind `NAME=value` and `export`; each name must be one that a service reads."""
    words = words[1:] if words[:1] == ["export"] else words
    names = [word.partition("=")[0] for word in words if re.match(r"[A-Z_]+=", word)]
    unknown = {name for name in set(names) - KNOWN_VARIABLES if not name.startswith("RAY_")}
    assert not unknown, f"no service reads {', '.join(sorted(unknown))}"
    return words[len(names) :]


def _parted(words: list[str], at: str) -> tuple[list[str], str, list[str]]:
    if at not in words:
        return words, "", []
    place = words.index(at)
    return words[:place], at, words[place + 1 :]


def _write(path: str, printed: str) -> None:
    """A file of the project stays as it is: it must be what would be written."""
    if (ROOT / path).exists():
        assert (ROOT / path).read_text(encoding="utf-8") == printed, f"{path} is stale"
    else:
        Path(path).write_text(printed, encoding="utf-8")


def _bff(words: list[str], site: Site) -> str:
    del site
    if any(tuple(words[: len(names)]) == names for names in ONLY_READ):
        _read(typer.main.get_command(app), words)
        return ""
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, f"{' '.join(words)}: {done.output}"
    return done.stdout


def _read(command: Any, words: list[str]) -> None:
    """Have the words judged as options and arguments of the command."""
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    command.make_context(command.name, words)


def _make(words: list[str], site: Site) -> str:
    del site
    asked = subprocess.run(
        ["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    return ""


def _python(words: list[str], site: Site) -> str:
    assert words[0] == "-m", words
    if words[1] == "bff":
        return _bff(words[2:], site)
    assert find_spec(words[1]) is not None, f"there is no module {words[1]}"
    for path in (word for word in words[2:] if "/" in word):
        assert (ROOT / path).exists(), f"there is no {path}"
    return ""


def _curl(words: list[str], site: Site) -> str:
    """`curl -s URL -H … -d …`, sent to the service of this place."""
    flags = [words[i] for i in range(len(words)) if words[i].startswith("-")]
    assert set(flags) <= {"-s", "-H", "-d"}, flags
    (url,) = (word for word in words if word.startswith(PRINTED))
    heads = [words[i + 1] for i, word in enumerate(words) if word == "-H"]
    (body,) = (words[i + 1] for i, word in enumerate(words) if word == "-d")
    headers = {name.replace("-", "_"): value for name, value in (h.split(": ", 1) for h in heads)}
    status, answer = site.ask(url.removeprefix(PRINTED), body.encode(), **headers)
    assert status == 200, answer
    return answer


def _pip(words: list[str], site: Site) -> str:
    """`pip install` of this project with extras that it has, or of what an extra brings."""
    del site
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    brought = {Requirement(text).name for texts in extras.values() for text in texts}
    assert words[0] == "install", words
    for wanted in (Requirement(word) for word in words[1:] if "*" not in word):
        assert wanted.name in {project["name"], *brought}, wanted
        assert wanted.extras <= extras.keys(), wanted
    return ""


PROGRAMS: dict[str, Callable[[list[str], Site], str]] = {
    "roehub-backtest": _bff,
    "make": _make,
    "pip": _pip,
    "python": _python,
    "curl": _curl,
}
