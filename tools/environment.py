"""Makes an empty environment, and an installer for it: uv where it can be had, pip elsewhere.

uv installs in a second or two what keeps a processor busy with pip for half a minute. It is the one
of the machine or, without one, that of its wheel. Where pip was told of an index of its own, pip is
asked alone: uv does not read what was set for pip. It is run by the Python that the environment is
to have, `python -m tools.environment .venv`, and needs nothing but the standard library.
See: docs/kernels.md
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.install import ROOT, entries_of, succeeds

LOCK = ROOT / "requirements-dev.lock"


def main() -> None:
    """Make the environment; ends with the status of what could not be done."""
    (folder,) = sys.argv[1:]
    python = sys.executable
    if shutil.which("uv"):
        made = succeeds("uv", "venv", "--quiet", "--allow-existing", "--python", python, folder)
    else:
        made = _made_with_uv(Path(folder)) or succeeds(python, "-m", "venv", folder)
    sys.exit(not made)


def _made_with_uv(folder: Path) -> bool:
    """An environment with uv instead of pip; False where uv cannot be had."""
    if not _asks_the_public_index():
        return False
    lock = folder / "uv.lock"
    python = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    if not succeeds(sys.executable, "-m", "venv", "--without-pip", str(folder)):
        return False
    lock.write_text(entries_of(LOCK.read_text(encoding="utf-8"), {"uv"}), encoding="utf-8")
    return succeeds(*pip, "--only-binary=:all:", "--require-hashes", "-r", str(lock))


def _asks_the_public_index() -> bool:
    """Whether this Python has pip, and nobody told it to ask elsewhere."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return result.returncode == 0 and not re.search(r"\.(index-url|no-index)=", result.stdout)


if __name__ == "__main__":
    main()
