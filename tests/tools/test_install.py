"""What is installed before the rest is enough to compile with."""

import subprocess
import sys

from tools.install import KERNEL_PACKAGES, LOCK, entries_of

WITH_THESE_ALONE = """
import sys
from importlib.metadata import packages_distributions

allowed = set(sys.argv[1:])
absent = {
    name
    for name, packages in packages_distributions().items()
    if not allowed & {one.lower().replace("_", "-") for one in packages}
}

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Absent())
import bff.commands.kernels
import backtest.run
print(sorted(absent & {"pydantic", "fastapi", "chdb"}))
"""


def test_kernels_need_no_other_packages() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITH_THESE_ALONE, *KERNEL_PACKAGES, "roehub-backtest"],
        cwd=LOCK.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout == "['chdb', 'fastapi', 'pydantic']\n"


def test_an_entry_is_taken_with_its_hashes_and_markers() -> None:
    lock = (
        "numba==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
        "numpy==2.0 ; python_full_version < '3.12' \\\n    --hash=sha256:cc\n"
        "numpy==3.0 ; python_full_version >= '3.12' \\\n    --hash=sha256:dd\n"
        "pandas==3.0 \\\n    --hash=sha256:ee\n"
    )

    assert entries_of(lock, frozenset({"numpy"})) == "".join(lock.splitlines(True)[3:7])


def test_the_lock_file_has_an_entry_for_each() -> None:
    lock = LOCK.read_text(encoding="utf-8")

    assert all(entries_of(lock, frozenset({name})) for name in KERNEL_PACKAGES)
