"""Kernels are compiled by several processes, which leave them on disk for the next one."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backtest import compilers, jit
from tests.waiting import PATIENCE_S

COMPILED = """
from backtest import jit
from backtest import compilers

compilers.declare_kernels()
uncached = jit.uncached()
some = [number for number in uncached if number % 23 == 0]
told = []
compilers.compile_at_once(some, 2, lambda done, total: told.append((done, total)))
assert told == [(done, len(some)) for done in range(1, len(some) + 1)], told
print(len(some), len(set(some) & set(jit.uncached())))
"""

LEFT_ALONE = """
from concurrent.futures.process import BrokenProcessPool

from backtest import jit
from backtest import compilers

def fail(*_):
    raise BrokenProcessPool

compilers.compile_at_once, jit.warm = fail, lambda *_, **__: 92
print(compilers.warm_together(2, print))
"""

GOES_ON = """
from backtest import compilers

compilers.warm_together(2, lambda *_: print("compiled", flush=True))
"""

ONE_OF_TWO = """
from backtest import compilers, jit

all_uncached = jit.uncached

def some(**_):
    return [number for number in all_uncached() if number % 31 == 0]

compilers.declare_kernels()
jit.uncached, jit.warm = some, lambda *_, **__: 0
wanted = some()
compiled = []
compilers.warm_together(2, lambda done, total: compiled.append(total))
print(len(wanted), len(compiled))
"""


def said(program: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_largest_is_one_of_them() -> None:
    compilers.declare_kernels()

    assert compilers.LARGEST in map(jit.name_of, range(len(jit._declared)))


def test_what_processes_have_compiled_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_compiled, n_missing = map(int, said(COMPILED, tmp_path, monkeypatch).split())

    assert n_compiled > 1
    assert n_missing == 0


def test_of_two_that_start_together_one_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(2) as pool:
        told = [pool.submit(said, ONE_OF_TWO, tmp_path, monkeypatch) for _ in range(2)]
    counts = [tuple(map(int, one.result().split())) for one in told]

    n_wanted = max(wanted for wanted, _ in counts)
    assert n_wanted > 1
    assert sorted(compiled for _, compiled in counts) == [0, n_wanted]


def test_what_a_process_has_left_is_compiled_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(LEFT_ALONE, tmp_path, monkeypatch) == "92\n"


def test_no_process_outlives_the_one_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", GOES_ON], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"compiled\n"
        parent.kill()
        # the pipe ends when the last process that has it does
        parent.communicate(timeout=PATIENCE_S)
