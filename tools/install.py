"""Fills an environment with what running needs, and compiles the kernels meanwhile.

It is run by the environment's own Python, `python -m tools.install`, and needs nothing but the
standard library. Installing takes one processor, and what compiling imports is there soon. With
options for an installer, such as `-r requirements-dev.lock`, it installs just these.
See: docs/kernels.md
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Set
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
# What `bff.commands.kernels` and the modules of the kernels import.
KERNEL_PACKAGES = frozenset(
    {
        *("llvmlite", "numba", "numpy"),
        *("annotated-doc", "click", "shellingham", "typer"),
        *("markdown-it-py", "mdurl", "pygments", "rich"),
    }
)
COMPILE = "from bff.commands.kernels import warm_kernels; warm_kernels(with_indicators=False)"


def main() -> None:
    """Install and compile; ends with the status of what could not be done."""
    if options := sys.argv[1:]:
        _install(*options)
    else:
        _install_and_compile()


def _install_and_compile() -> None:
    print("2 of 3: what the kernels need", flush=True)
    some = Path(sys.prefix) / "kernels.lock"
    some.write_text(entries_of(LOCK.read_text(encoding="utf-8"), KERNEL_PACKAGES), encoding="utf-8")
    _install("--quiet", "--no-deps", "--require-hashes", "-r", str(some))
    print(
        "3 of 3: the kernels, compiled once; beside them all packages, about 1 GB of which half is "
        "the embedded ClickHouse",
        flush=True,
    )
    with _compiling():
        _install("--no-deps", "--require-hashes", "-r", str(LOCK))
        _install("--no-deps", "--editable", str(ROOT))


def entries_of(lock: str, packages: Set[str]) -> str:
    """The entries of some packages in a lock file, with their hashes."""
    entries = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)
    return "".join(one for one in entries if one.partition("==")[0] in packages)


def _install(*options: str) -> None:
    """Install with uv or, where it is not there or fails, with pip, which may be set up otherwise.

    Byte code is written when it is first needed.
    """
    own = Path(sys.executable).with_name("uv")
    uv = shutil.which("uv") or (str(own) if own.is_file() else None)
    if uv and succeeds(uv, "pip", "install", "--python", sys.executable, *options):
        return
    if importlib.util.find_spec("pip") is None and not succeeds(sys.executable, "-m", "ensurepip"):
        sys.exit("pip could not be installed.")
    if not succeeds(sys.executable, "-m", "pip", "install", "--no-compile", *options):
        sys.exit("The packages could not be installed.")


def succeeds(*command: str) -> bool:
    """Whether a command ends well; what it says is for the reader."""
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our words


@contextmanager
def _compiling() -> Generator[None]:
    """Compile until the end; what was begun is ended if the rest fails."""
    # A bar would be drawn over the installer's lines; there is a line now and then instead.
    environ = os.environ | {"TTY_COMPATIBLE": "0"}
    command = [sys.executable, "-c", COMPILE]
    process = subprocess.Popen(command, cwd=ROOT, env=environ)  # noqa: S603 - our words
    try:
        yield
        if process.wait():
            sys.exit("The kernels could not be compiled.")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
