"""What a wheel holds, and whether it can live beside another distribution called `schema`."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from bff.config import deployment

ROOT = Path(__file__).parents[1]
PACKAGES = ("bff", "schema", "resolvers", "backtest", "roehub")
# An editable installation would lend its files to a package that lacks some.
WITHOUT_CHECKOUT = f"import sys; sys.path = [p for p in sys.path if p != {str(ROOT)!r}]"
# Byte code that another process is about to write has the name of a number until it is there.
UNFINISHED = shutil.ignore_patterns("*.pyc.*")
FOREIGN = "class Schema:\n    pass\n"


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    """Our packages where a wheel puts them."""
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    wheel = hatch["build"]["targets"]["wheel"]
    folders = {name: name for name in wheel["packages"]} | wheel["force-include"]
    for source, target in folders.items():
        shutil.copytree(ROOT / source, tmp_path / target, ignore=UNFINISHED)
    return tmp_path


def run(site_packages: Path, code: str) -> str:
    """Run in a folder of its own, with these packages before all others."""
    folder = site_packages / "elsewhere"
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", f"{WITHOUT_CHECKOUT}\n{code}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(site_packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_wheel_has_nothing_beside_its_packages(site_packages: Path) -> None:
    assert {path.name for path in site_packages.iterdir()} == set(PACKAGES)


def test_a_wheel_finds_its_own_configs(site_packages: Path) -> None:
    code = (
        "from bff.config.settings import CONFIGS, load_settings as load; load({}); print(CONFIGS)"
    )

    assert run(site_packages, code).strip() == str(site_packages / "bff" / "_configs")


def test_a_checkout_finds_its_own_configs() -> None:
    assert deployment.CONFIGS == ROOT / "configs"


LAST_INSTALLED = {
    "PyPI's, so that its file replaced ours": "theirs",
    "ours": "ours",
    "PyPI's, removed again together with the file": "none",
}


@pytest.mark.parametrize("order", LAST_INSTALLED.values(), ids=LAST_INSTALLED.keys())
def test_the_distribution_called_schema_does_no_harm(site_packages: Path, order: str) -> None:
    """Both own `schema/__init__.py`, and the installer keeps the one that came last."""
    module = site_packages / "schema" / "__init__.py"
    if order == "theirs":
        module.write_text(FOREIGN, encoding="utf-8")
    elif order == "none":
        module.unlink()

    out = run(site_packages, "import bff.app, schema.parse as ours; print(ours.__file__)")

    assert out.strip() == str(site_packages / "schema" / "parse.py")


def imports_of_the_package_itself() -> Iterator[str]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module == "schema":
                    yield from (
                        f"{path.relative_to(ROOT)}: {alias.name}"
                        for alias in node.names
                        if not (ROOT / "schema" / f"{alias.name}.py").exists()
                    )


def test_our_code_takes_nothing_from_the_package_schema_itself() -> None:
    """Its `__init__.py` may be that of another distribution; its modules never are."""
    assert list(imports_of_the_package_itself()) == []
