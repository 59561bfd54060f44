"""The wheel of this checkout, and of one that calls itself the next version, each installed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.machine import ROOT
from trials.deploy.programs import said

EXTRAS = ["prometheus-client>=0.23", "redis>=5"]


class Installed:
    """A virtual environment with the service in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def program(self) -> str:
        """`roehub-backtest`."""
        return str(self.folder / "bin" / "roehub-backtest")

    @property
    def version(self) -> str:
        """What it calls itself."""
        return said([self.program, "--version"]).split()[-1]

    @property
    def libraries(self) -> Path:
        """Where its packages are."""
        (found,) = self.folder.glob("lib/python*/site-packages")
        return found


def wheel(folder: Path, version: str | None = None) -> Path:
    """Built from what git knows of this checkout; from a copy where it gets another version."""
    source = ROOT if version is None else _copy(folder / "source", version)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    said([*pip, "--wheel-dir", str(folder / "dist"), str(source)])
    (built,) = (folder / "dist").glob(f"roehub_backtest-{version or '*'}-*.whl")
    return built


def install(folder: Path, built: Path) -> Installed:
    """As the page says: what is locked, then the wheel."""
    made = _environment(folder)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile"]
    said([*pip, "--require-hashes", "-r", str(ROOT / "requirements.lock")])
    said([*pip, "--no-deps", str(built), *EXTRAS])
    return made


def install_beside(folder: Path, built: Path, first: Installed) -> Installed:
    """The next version, with the libraries of the first one."""
    made = _environment(folder)
    (made.libraries / "first.pth").write_text(f"{first.libraries}\n", encoding="utf-8")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile"]
    said([*pip, "--no-deps", "--ignore-installed", str(built)])
    return made


def next_version() -> str:
    """Of the checkout, with a larger last number."""
    found = re.search(
        r'^version = "(.*)\.(\d+)"',
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert found is not None
    return f"{found[1]}.{int(found[2]) + 1}"


def _environment(folder: Path) -> Installed:
    said([sys.executable, "-m", "venv", str(folder)])
    return Installed(folder)


def _copy(folder: Path, version: str) -> Path:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    project = folder / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(re.sub(r'(?m)^version = ".*"', f'version = "{version}"', text), "utf-8")
    return folder
