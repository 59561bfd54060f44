"""Runs on a device: the same bits as on processors, and none where there is no device."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from backtest.engine.find_device import DevicePreference, accelerator_for
from backtest.engine.workers.accelerator import Accelerator
from backtest.engine.workers.chunks import Workers
from backtest.engine.workers.device import (
    BlockScorer,
    Device,
    DeviceFull,
    DeviceLost,
    PlaneScorer,
)
from tests.oracle.device import (
    N_CASES,
    Arrays,
    computed,
    planes_of_case,
    raw_scores,
    simulated,
    stages_of_case,
    statistics_by,
)
from tests.oracle.device_code import WOULD_FUSE

WITHOUT_EXTRAS = """
import sys
import backtest.run, bff.wiring, bff.app, roehub
from backtest.engine.find_device import accelerator_for
said = []
accelerator_for("cuda", lambda sentence, is_bad: said.append((sentence, is_bad))).device()
print(said)
print([name for name in sys.modules if name.split(".")[0] in ("numba_cuda", "ray")
       or name.startswith(("numba.cuda", "cuda."))])
"""
FUSED = {"fma.rn.f64"}

needs_numba_cuda = pytest.mark.skipif(
    find_spec("numba_cuda") is None, reason="the extra cuda is not installed"
)


@pytest.fixture(scope="module")
def on_simulator(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    return simulated(tmp_path_factory.mktemp("device"))


@pytest.fixture(scope="module")
def on_processors() -> Arrays:
    return computed("cpu")


@needs_numba_cuda
def test_a_device_computes_the_bits_of_the_processors(
    on_simulator: Arrays, on_processors: Arrays
) -> None:
    assert on_simulator.keys() == on_processors.keys()
    for name, expected in on_processors.items():
        if name.startswith("scored by"):
            assert expected.tolist() == ["cpu"]
            assert on_simulator[name].tolist() == ["a simulated device"], name
        else:
            np.testing.assert_array_equal(on_simulator[name], expected, err_msg=name, strict=True)


@needs_numba_cuda
def test_device_code_has_no_operation_that_rounds_differently() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.oracle.device_code"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code = json.loads(done.stdout)
    if code is None:
        pytest.skip("NVVM, the compiler of the extra cuda, is not installed")
    from backtest.engine.cuda_device.compiled import (  # noqa: PLC0415 - loads numba-cuda
        inexact_operations,
    )

    assert {name: inexact_operations(text) for name, text in code["ours"].items()} == {
        name: [] for name in code["ours"]
    }
    # what the option prevents
    found = {name: set(inexact_operations(text)) for name, text in code["theirs"].items()}
    assert {name for name, operations in found.items() if operations >= FUSED} == set(WOULD_FUSE)


@needs_numba_cuda
def test_the_linker_of_a_device_has_nothing_left_to_compile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from backtest.engine.cuda_device import compiled  # noqa: PLC0415 - loads numba-cuda

    asked: dict[str, object] = {}

    def jit(_signature: object, **options: object) -> Callable[[object], SimpleNamespace]:
        asked.update(options)
        return lambda _function: SimpleNamespace(overloads={})

    def nothing() -> None: ...

    monkeypatch.setattr(compiled, "cuda", SimpleNamespace(jit=jit))

    compiled.compile_kernel(nothing, "void()")

    assert asked == {"fastmath": False, "lto": False}


@needs_numba_cuda
def test_a_name_that_numpy_has_dropped_is_there_while_a_kernel_is_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from backtest.engine.cuda_device import compiled  # noqa: PLC0415 - loads numba-cuda

    monkeypatch.delattr(np, "row_stack", raising=False)

    with compiled.unfused():
        assert vars(np)["row_stack"] is np.vstack

    assert not hasattr(np, "row_stack")


def test_without_the_extra_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name in ('numba_cuda', 'ray') else find(name, *a)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines() == [
        "[('scoring on the CPU: the extra cuda is not installed', True)]",
        "[]",
    ], done.stderr


class FailingScorer:
    """Takes blocks and fails at the second launch."""

    def __init__(self, failure: DeviceLost) -> None:
        self._failure = failure
        self._n_launches = 0

    def take(self, rows: np.ndarray) -> None:
        del rows

    def score(self, outer_ids: np.ndarray) -> np.ndarray:
        self._n_launches += 1
        if self._n_launches > 1:
            raise self._failure
        return np.full((len(outer_ids), 6), 7.0)


class FailingPlanes:
    """Fails at once."""

    def __init__(self, failure: DeviceLost) -> None:
        self._failure = failure

    def score(self, rows: np.ndarray) -> np.ndarray:
        del rows
        raise self._failure

    def grow(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        del rows
        raise self._failure


class FailingDevice:
    """A device that stops working in the middle of a run."""

    name = "a failing device"

    def __init__(self, failure: DeviceLost, free: int = 1 << 40) -> None:
        self.workers = Workers(1)
        self._failure, self._free = failure, free
        self.n_scorers = 0

    def free_bytes(self) -> int:
        return self._free

    def scorer(self, *_: object, **__: object) -> BlockScorer:
        self.n_scorers += 1
        return cast("BlockScorer", FailingScorer(self._failure))

    def planes(self, *_: object, **__: object) -> PlaneScorer:
        self.n_scorers += 1
        return cast("PlaneScorer", FailingPlanes(self._failure))

    def launcher(self, signatures: object) -> Callable[..., None]:
        del signatures
        self.n_scorers += 1
        raise self._failure


def with_device(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> tuple[Accelerator, list[tuple[str, bool]]]:
    monkeypatch.setattr("backtest.engine.pipeline.on_device.LAUNCH_WORK", 1)
    said: list[tuple[str, bool]] = []
    heard = Accelerator(lambda: device, lambda sentence, is_bad: said.append((sentence, is_bad)))
    return heard, said


def assert_scored_by_processors(accelerator: Accelerator, numbers: range) -> None:
    for number in numbers:
        stages = stages_of_case(number, accelerator)
        expected = raw_scores(stages_of_case(number, Accelerator()))
        np.testing.assert_array_equal(raw_scores(stages), expected)
        assert stages.scored_by == ("cpu",)


def test_a_device_that_fails_is_given_up_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device = FailingDevice(DeviceLost("it fell off the bus"))
    accelerator, said = with_device(device, monkeypatch)

    assert_scored_by_processors(accelerator, range(1, 3))

    assert device.n_scorers == 1
    assert said == [
        ("scoring on a failing device", False),
        (
            (
                "a failing device failed and is no longer used, scoring on the CPU:"
                " it fell off the bus"
            ),
            True,
        ),
    ]


@pytest.mark.parametrize("free", [1_000, 1 << 40])
def test_a_device_with_too_little_memory_is_asked_again_and_told_of_once(
    free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = FailingDevice(DeviceFull("CUDA_ERROR_OUT_OF_MEMORY"), free)
    accelerator, said = with_device(device, monkeypatch)

    assert_scored_by_processors(accelerator, range(1, 3))

    assert device.n_scorers == (2 if free > 1_000 else 0)
    assert [is_bad for _, is_bad in said] == [False, True]
    reason = "OUT_OF_MEMORY" if free > 1_000 else "it has 1000 bytes free, "
    assert reason in said[1][0]


@pytest.mark.parametrize(
    ("failure", "n_asked"), [(DeviceLost("it fell off the bus"), 1), (DeviceFull("no room"), 4)]
)
def test_planes_and_statistics_are_the_processors_where_a_device_fails(
    failure: DeviceLost, n_asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = FailingDevice(failure)
    accelerator, said = with_device(device, monkeypatch)

    found = planes_of_case(1, accelerator) | statistics_by(accelerator)

    expected = planes_of_case(1, Accelerator()) | statistics_by(Accelerator())
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        np.testing.assert_array_equal(found[name], numbers, err_msg=name, strict=True)
    assert device.n_scorers >= n_asked
    assert [is_bad for _, is_bad in said] == [False, True]


def test_processors_alone_look_for_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Device:
        raise AssertionError

    monkeypatch.setattr("backtest.engine.find_device.find_cuda", fail)
    accelerator = accelerator_for("cpu")

    assert accelerator.device() is None
    assert accelerator.state == "scoring on the CPU"


@pytest.mark.parametrize(("wish", "is_bad"), [("auto", False), ("cuda", True)])
def test_no_device_is_told_once_and_is_no_error(
    wish: DevicePreference, is_bad: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find() -> Device:
        raise DeviceLost("there is no CUDA driver")

    monkeypatch.setattr("backtest.engine.find_device.find_cuda", find)
    said: list[tuple[str, bool]] = []
    accelerator = accelerator_for(wish, lambda sentence, bad: said.append((sentence, bad)))

    assert_scored_by_processors(accelerator, range(N_CASES))

    assert said == [("scoring on the CPU: there is no CUDA driver", is_bad)]
