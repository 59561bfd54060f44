"""The cache of machine code on damaged files, in foreign folders and on odd machines.

Each process here compiles one small kernel and says how often it was loaded and saved.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def start(modules: Path, *, before: str = "", **environ: str) -> tuple[int, int]:
    """Load the kernel in a new process; cache hits and misses."""
    inherited = {name: value for name, value in os.environ.items() if name != "HOME"}
    inherited |= {"PYTHONPATH": os.pathsep.join([str(modules), str(ROOT), *sys.path]), **environ}
    inherited |= {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", before + SCRIPT],
        env=inherited,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    hits, misses = done.stdout.split()
    return int(hits), int(misses)


def cached_files(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*.nb?"))


def test_a_second_process_compiles_nothing(modules: Path, tmp_path: Path) -> None:
    first = start(modules, HOME=str(tmp_path / "home"))
    second = start(modules, HOME=str(tmp_path / "home"))

    assert (first, second) == ((0, 1), (1, 0))


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", ["cut short", "empty", "a bit flipped", "something else"])
def test_a_damaged_file_is_thrown_away_and_compiled_again(
    modules: Path, tmp_path: Path, suffix: str, damage: str
) -> None:
    home = tmp_path / "home"
    start(modules, HOME=str(home))
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

    damaged = start(modules, HOME=str(home))
    repaired = start(modules, HOME=str(home))

    assert (damaged, repaired) == ((0, 1), (1, 0))


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_folder_that_others_can_write_to_is_not_used(
    modules: Path, tmp_path: Path, depth: int
) -> None:
    home, private = tmp_path / "home", tmp_path / "private"
    private.mkdir()
    start(modules, HOME=str(home), TMPDIR=str(private))
    folder = cached_files(home)[0].parents[1]
    (folder, *folder.parents)[depth].chmod(0o777)

    used = start(modules, HOME=str(home), TMPDIR=str(private))

    assert used == (0, 1)
    assert cached_files(private)[0].parents[1].stat().st_mode & 0o777 == 0o700


def test_without_a_trusted_folder_nothing_is_kept(modules: Path, tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir(mode=0o777)
    open_to_all.chmod(0o777)

    start(modules, HOME=str(open_to_all), TMPDIR=str(open_to_all))

    assert cached_files(open_to_all) == []


@needs_root
def test_a_folder_of_another_user_is_not_used(modules: Path, tmp_path: Path) -> None:
    nowhere = {"TMPDIR": str(tmp_path), "XDG_CACHE_HOME": "/proc/nowhere"}
    start(modules, **nowhere)
    for path in (tmp_path / "roehub-backtest-0", *tmp_path.glob("roehub-backtest-0/**/*")):
        os.chown(path, NOBODY, NOBODY)

    assert start(modules, **nowhere)[0] == 0


@needs_root
def test_a_cache_made_by_root_serves_others(modules: Path, open_path: Path) -> None:
    shared = str(open_path / "shared")
    start(modules, XDG_CACHE_HOME=shared)

    assert start(modules, before=BECOME_NOBODY, XDG_CACHE_HOME=shared) == (1, 0)


@needs_root
def test_a_user_without_home_and_without_an_entry_has_a_private_folder(
    modules: Path, open_path: Path
) -> None:
    private = open_path / "private"
    private.mkdir()
    os.chown(private, NOBODY, NOBODY)

    first = start(modules, before=BECOME_NOBODY, TMPDIR=str(private))
    second = start(modules, before=BECOME_NOBODY, TMPDIR=str(private))

    assert (first, second) == ((0, 1), (1, 0))


def test_a_full_disk_costs_a_compilation_and_nothing_else(modules: Path, tmp_path: Path) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"

    for _ in range(2):
        assert start(modules, before=full, HOME=str(tmp_path / "home")) == (0, 1)
