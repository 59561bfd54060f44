"""What `import roehub` brings, and what each part of the face brings when it is used."""

import subprocess
import sys

import pytest

import roehub

FRAMEWORKS = {"fastapi", "starlette", "strawberry", "pydantic", "sqlalchemy", "clickhouse_connect"}
HEAVY = {"numpy", "pandas", "numba", "matplotlib", "httpx", "pyarrow", "tqdm", "chdb"}


def brought(code: str) -> set[str]:
    """Packages that are imported once `code` was executed by a process of its own."""
    script = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.decode().split()}


def test_importing_brings_nothing_but_the_standard_library() -> None:
    found = brought("import roehub") - brought("pass")

    assert found - set(sys.stdlib_module_names) == {"roehub", "backtest"}


def test_asking_a_service_brings_no_engine_and_no_framework_of_one() -> None:
    found = brought("import roehub; roehub.connect('http://127.0.0.1:1').close()")

    assert "httpx" in found
    assert found & (FRAMEWORKS | HEAVY) <= {"httpx", "numpy"}


@pytest.mark.parametrize("name", roehub.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(roehub, name) is not None
    assert name in dir(roehub)
