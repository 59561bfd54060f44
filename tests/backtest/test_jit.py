"""Kernels: one version each, named tuples by name, machine code kept between processes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pytest

import backtest.run  # noqa: F401 # pyright: ignore[reportUnusedImport] - it declares all kernels
from backtest.jit import inline, kernel, warm
from backtest.types import FloatArray

ALL_FROM_DISK = """
import backtest.run
from backtest import jit

jit.warm()
print([d.py_func.__name__ for d, _ in jit._declared if not d.stats.cache_hits])
"""

WITHOUT_INDICATORS = """
import numpy as np
import backtest.run
from backtest import jit
from backtest.indicators.sums import rolling_mean

jit.warm(with_indicators=False)
waiting = {d.py_func.__module__ for d, _ in jit._declared if not d.overloads}
out = np.empty(3)
rolling_mean(np.array([1.0, 2.0, 1.0]), 2, 1.0, out)
print({name.rpartition(".")[0] for name in waiting}, out[-1])
"""

TWICE = """
import gc
from collections import Counter
from numba.core.dispatcher import Dispatcher
import backtest.run

functions = {one.py_func for one in gc.get_objects() if isinstance(one, Dispatcher)}
ours = [f for f in functions if f.__module__.startswith("backtest.")]
names = Counter(f"{f.__module__}.{f.__qualname__}" for f in ours)
print(len(ours) > 200, [name for name, times in names.items() if times > 1])
"""

# Each of these binds another step to the same walk over ranges.
BOUND = ("rolling_middle", "fisher_place")
COMPILE_ONE = """
import sys
from backtest.indicators import ranges
from backtest import jit

for dispatcher, signature in jit._declared:
    if dispatcher.py_func.__name__ == sys.argv[1]:
        dispatcher.compile(signature)
        print(dispatcher.stats.cache_hits.total())
"""
RUN_BOTH = """
import numpy as np
from backtest.indicators import ranges

x, out = np.array([1.0, 5.0, 3.0]), np.empty(3)
ranges.rolling_middle(x, x, 3, out)
print(out[-1], end=" ")
ranges.fisher_place(x, x, 3, out)
print(out[-1])
"""


class Pair(NamedTuple):
    values: Annotated[FloatArray, "float64[::1]"]
    factor: Annotated[float, "float64"]


@kernel("float64(Pair)")
def weigh(pair: Pair) -> float:
    total = 0.0
    for value in pair.values:
        total += value * pair.factor
    return total


@inline
def _double(x: float) -> float:
    return 2.0 * x


@kernel("float64(float64)")
def quadruple(x: float) -> float:
    return _double(_double(x))


def test_a_step_is_called_by_kernels_and_not_by_python() -> None:
    warm()

    assert quadruple(1.0) == 4.0
    with pytest.raises(TypeError, match=r"_double is a step of kernels"):
        _double(1.0)


def test_a_signature_names_a_tuple_by_its_class() -> None:
    warm()

    assert weigh(Pair(np.array([1.0, 2.0]), 3.0)) == 9.0


def test_a_tuple_of_other_types_is_refused_instead_of_compiled() -> None:
    warm()

    narrow: Any = np.array([1.0, 2.0], np.float32)
    with pytest.raises(TypeError):
        weigh(Pair(narrow, 3.0))


def test_the_first_call_compiles_what_was_declared_and_nothing_else() -> None:
    @kernel("float64(float64)")
    def half(x: float) -> float:
        return x / 2.0

    whole: Any = np.ones(3)
    with pytest.raises(TypeError):
        half(whole)
    assert half(3.0) == 1.5
    with pytest.raises(TypeError):
        half(whole)


def test_threads_that_come_first_compile_once() -> None:
    @kernel("float64(float64)")
    def third(x: float) -> float:
        return x / 3.0

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(third, [3.0] * 64)) == [1.0] * 64
    dispatcher: Any = third
    assert dispatcher.stats.cache_misses.total() + dispatcher.stats.cache_hits.total() == 1


def test_kernels_of_indicators_can_wait_for_the_first_run() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_INDICATORS], capture_output=True, text=True, check=False
    )

    assert done.stdout == "{'backtest.indicators'} 1.5\n", done.stderr


def test_no_two_kernels_or_steps_have_one_name() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWICE], capture_output=True, text=True, check=False
    )

    assert done.stdout == "True []\n", done.stderr


def test_what_processes_have_compiled_apart_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def said(*words: str) -> str:
        command = [sys.executable, "-c", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert [said(COMPILE_ONE, name) for name in BOUND] == ["0\n", "0\n"]
    assert [said(COMPILE_ONE, name) for name in BOUND] == ["1\n", "1\n"]
    assert said(RUN_BOTH) == "3.0 0.0\n"


def test_every_kernel_is_found_on_disk_by_the_next_process() -> None:
    warm()

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALL_FROM_DISK],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout == "[]\n"
