"""The cache of machine code on damaged files, in foreign folders and on odd machines.

Each process here compiles one small kernel and says how often it was loaded and saved.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

Start = Callable[..., tuple[int, int]]
ROOT = Path(__file__).resolve().parents[2]
KERNEL = """
from backtest.jit import kernel


@kernel("void(float64[::1])")
def double(x):
    for i in range(x.shape[0]):
        x[i] = 2.0 * x[i]
"""
SCRIPT = """
import numpy as np
from small_kernel import double

x = np.array([1.5])
double(x)
assert x[0] == 3.0
print(sum(double.stats.cache_hits.values()), sum(double.stats.cache_misses.values()))
"""
# To start a process and load Numba is most of what each of these costs, so that is done once. What
# is tried, `backtest.jit` and all below it, is loaded after the fork.
ENDED = "ended with"
FORKING = f"""
import json, os, sys, traceback
import numba

numba.njit("float64(float64)")(lambda x: 2.0 * x)
for line in sys.stdin:
    program, paths, environ = json.loads(line)
    if not (pid := os.fork()):
        sys.path[:0] = paths
        os.environ.clear()
        os.environ.update(environ)
        try:
            exec(program, {{}})
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)
    print("{ENDED}", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
NOBODY = 54_321  # no such user
# The interpreter may lie where only root can read, so the user changes when all is loaded.
BECOME_NOBODY = f"""
import os
import numba
import backtest.jit as jit

numba.njit("float64(float64)")(lambda x: 2.0 * x)
name = jit._sources_digest()
os.setgid({NOBODY})
os.setuid({NOBODY})
os.environ.pop("HOME", None)
jit._folder = jit.find_folder(name)
"""
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that other users can get to, unlike `tmp_path`, whose parent pytest closes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


@pytest.fixture
def modules(open_path: Path) -> Path:
    """A folder on the path of Python, readable for every user."""
    folder = open_path / "modules"
    folder.mkdir(mode=0o755)
    (folder / "small_kernel.py").write_text(KERNEL)
    return folder


class Python:
    """An interpreter that has loaded Numba, and forks for each program that it is given."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", FORKING],
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def printed(self, program: str, paths: list[str], environ: dict[str, str]) -> str:
        """What a program prints in a process of its own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([program, paths, environ]), file=self._process.stdin, flush=True)
        told = ""
        for line in self._process.stdout:
            if line.startswith(ENDED):
                assert line == f"{ENDED} 0\n", told
                return told
            told += line
        raise AssertionError(told)

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def python() -> Iterator[Python]:
    with closing(Python()) as opened:
        yield opened


@pytest.fixture
def start(python: Python, modules: Path) -> Start:
    """Load the kernel in a process that has loaded nothing of ours; cache hits and misses."""

    def start(*, before: str = "", **environ: str) -> tuple[int, int]:
        paths = [str(modules), str(ROOT)]
        hits, misses = python.printed(before + SCRIPT, paths, without_home() | environ).split()
        return int(hits), int(misses)

    return start


def without_home() -> dict[str, str]:
    places = {"HOME", "XDG_CACHE_HOME", "TMPDIR"}
    return {name: value for name, value in os.environ.items() if name not in places}


def cached_files(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*.nb?"))


def test_a_second_process_compiles_nothing(modules: Path, tmp_path: Path) -> None:
    paths = os.pathsep.join([str(modules), str(ROOT), *sys.path])
    environ = without_home() | {"PYTHONPATH": paths, "HOME": str(tmp_path / "home")}

    first, second = (
        subprocess.run([sys.executable, "-c", SCRIPT], env=environ, capture_output=True, check=True)
        for _ in range(2)
    )

    assert (first.stdout, second.stdout) == (b"0 1\n", b"1 0\n")


def test_who_shares_files_with_a_group_has_a_cache_too(start: Start, tmp_path: Path) -> None:
    home = tmp_path / "home"

    start(before="import os; os.umask(0o002)\n", HOME=str(home))

    made = [home, *home.rglob("*")]
    assert cached_files(home)
    assert all(path.stat().st_mode & 0o022 == 0 for path in made)


def test_a_file_that_others_could_write_to_is_compiled_again(start: Start, tmp_path: Path) -> None:
    home = tmp_path / "home"
    start(HOME=str(home))
    for path in cached_files(home):
        path.chmod(0o664)

    assert start(HOME=str(home)) == (0, 1)
    assert start(HOME=str(home)) == (1, 0)


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", ["cut short", "empty", "a bit flipped", "something else"])
def test_a_damaged_file_is_thrown_away_and_compiled_again(
    start: Start, tmp_path: Path, suffix: str, damage: str
) -> None:
    home = tmp_path / "home"
    start(HOME=str(home))
    (path,) = (path for path in cached_files(home) if path.suffix == suffix)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        {
            "cut short": content[:middle],
            "empty": b"",
            "a bit flipped": content[:middle]
            + bytes([content[middle] ^ 1])
            + content[middle + 1 :],
            "something else": b"cos\nsystem\n(S'touch /tmp/owned'\ntR.",
        }[damage]
    )

    damaged = start(HOME=str(home))
    repaired = start(HOME=str(home))

    assert (damaged, repaired) == ((0, 1), (1, 0))


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_folder_that_others_can_write_to_is_not_used(
    start: Start, tmp_path: Path, depth: int
) -> None:
    home, private = tmp_path / "home", tmp_path / "private"
    private.mkdir()
    start(HOME=str(home), TMPDIR=str(private))
    folder = cached_files(home)[0].parents[1]
    (folder, *folder.parents)[depth].chmod(0o777)

    used = start(HOME=str(home), TMPDIR=str(private))

    assert used == (0, 1)
    assert cached_files(private)[0].parents[1].stat().st_mode & 0o777 == 0o700


def test_without_a_trusted_folder_nothing_is_kept(start: Start, tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir(mode=0o777)
    open_to_all.chmod(0o777)

    start(HOME=str(open_to_all), TMPDIR=str(open_to_all))

    assert cached_files(open_to_all) == []


@needs_root
def test_a_folder_of_another_user_is_not_used(start: Start, tmp_path: Path) -> None:
    nowhere = {"TMPDIR": str(tmp_path), "XDG_CACHE_HOME": "/proc/nowhere"}
    start(**nowhere)
    for path in (tmp_path / "roehub-backtest-0", *tmp_path.glob("roehub-backtest-0/**/*")):
        os.chown(path, NOBODY, NOBODY)

    assert start(**nowhere)[0] == 0


@needs_root
def test_a_cache_made_by_root_serves_others(start: Start, open_path: Path) -> None:
    shared = str(open_path / "shared")
    start(XDG_CACHE_HOME=shared)

    assert start(before=BECOME_NOBODY, XDG_CACHE_HOME=shared) == (1, 0)


@needs_root
def test_a_user_without_home_and_without_an_entry_has_a_private_folder(
    start: Start, open_path: Path
) -> None:
    private = open_path / "private"
    private.mkdir()
    os.chown(private, NOBODY, NOBODY)

    first = start(before=BECOME_NOBODY, TMPDIR=str(private))
    second = start(before=BECOME_NOBODY, TMPDIR=str(private))

    assert (first, second) == ((0, 1), (1, 0))


def test_a_full_disk_costs_a_compilation_and_nothing_else(start: Start, tmp_path: Path) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"

    for _ in range(2):
        assert start(before=full, HOME=str(tmp_path / "home")) == (0, 1)
