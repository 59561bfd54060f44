"""An environment gets uv, or pip where only pip knows which index to ask."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.environment import LOCK
from tools.install import ROOT, entries_of


@pytest.mark.parametrize("setting", ["PIP_INDEX_URL=http://127.0.0.1:9/simple", "PIP_NO_INDEX=1"])
def test_where_pip_was_told_of_an_index_pip_is_the_installer(tmp_path: Path, setting: str) -> None:
    pytest.importorskip("ensurepip", reason="Debian has it in python3-venv")
    name, _, value = setting.partition("=")
    folder = tmp_path / "env"
    command = [sys.executable, "-m", "tools.environment", str(folder)]
    # no uv of the machine
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path), name: value}

    subprocess.run(command, cwd=ROOT, env=environ, check=True)

    assert (folder / "bin" / "pip").is_file()
    assert not (folder / "bin" / "uv").exists()


def test_the_lock_file_pins_uv_by_hash() -> None:
    entry = entries_of(LOCK.read_text(encoding="utf-8"), {"uv"})

    assert entry.startswith("uv==")
    assert "--hash=sha256:" in entry
