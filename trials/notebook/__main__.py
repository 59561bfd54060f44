"""`python -m trials.notebook`: install the wheel where nothing else is, and use it in a kernel.

Ends with status 1 if a cell does not show what it should. See: docs/python.md
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ("ipykernel", "nbclient", "polars")


def main(
    folder: Annotated[
        Path | None, typer.Option(help="Where the environment is, or is made; by default nowhere.")
    ] = None,
) -> None:
    """Build the wheel, install it with its extra and a kernel, and play the first evening."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name) if folder is None else folder.resolve()
        python = work / "env" / "bin" / "python"
        if python.exists():
            _freshen(work, python)
        else:
            _install(work, python)
        raise typer.Exit(_play(work, python))


def _install(work: Path, python: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
    wanted = [f"{_wheel(work)}[notebook]", *BESIDE]
    print(f"installing {', '.join(wanted)}", flush=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-compile", *wanted], check=True)


def _freshen(work: Path, python: Path) -> None:
    """An environment that was kept gets the wheel of today, and nothing else."""
    words = ["install", "--quiet", "--no-deps", "--force-reinstall", str(_wheel(work))]
    subprocess.run([python, "-m", "pip", *words], check=True)


def _wheel(work: Path) -> Path:
    to = work / "dist"
    shutil.rmtree(to, ignore_errors=True)
    words = ["wheel", "--quiet", "--no-deps", "--wheel-dir", str(to), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    (wheel,) = to.glob("roehub_backtest-*.whl")
    return wheel


def _play(work: Path, python: Path) -> int:
    """The evening, in a folder of its own below a home where nothing is."""
    home = Path(tempfile.mkdtemp(dir=work, prefix="home-"))
    script = home / "evening.py"
    script.write_bytes((Path(__file__).parent / "evening.py").read_bytes())
    environ = {
        "HOME": str(home),
        "PATH": f"{python.parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "LANG": "C.UTF-8",
    }
    return subprocess.run([python, script], env=environ, cwd=home, check=False).returncode


if __name__ == "__main__":
    typer.run(main)
