"""Kernels are compiled by several processes, which leave them on disk for the next one."""

import subprocess
import sys
from pathlib import Path

import pytest

COMPILED = """
from backtest import jit
from bff.commands import kernels

kernels._declare_kernels()
uncached = jit.uncached()
some = [number for number in uncached if number % 23 == 0]
told = []
kernels._compile_at_once(some, 2, lambda done, total: told.append((done, total)))
assert told == [(done, len(some)) for done in range(1, len(some) + 1)], told
print(len(some), len(set(some) & set(jit.uncached())))
"""

LEFT_ALONE = """
from concurrent.futures.process import BrokenProcessPool

from backtest import jit
from bff.commands import kernels

def fail(*_):
    raise BrokenProcessPool

kernels._compile_at_once, jit.warm = fail, lambda *_: 92
kernels.n_processors = kernels.memory_bytes = lambda: 2 << 30
kernels._declare_kernels()
print(kernels._warm(print))
"""


def said(program: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_processes_have_compiled_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_compiled, n_missing = map(int, said(COMPILED, tmp_path, monkeypatch).split())

    assert n_compiled > 1
    assert n_missing == 0


def test_what_a_process_has_left_is_compiled_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(LEFT_ALONE, tmp_path, monkeypatch) == "92\n"
