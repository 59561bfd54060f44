"""What the packages of the core export, and what it costs to import them."""

import subprocess
import sys
from importlib import import_module

import pytest

PACKAGES = (
    "backtest",
    "backtest.engine",
    "backtest.indicators",
    "backtest.report",
    "backtest.signals",
)


@pytest.mark.parametrize("name", PACKAGES)
def test_exported_names_exist_and_are_sorted(name: str) -> None:
    package = import_module(name)

    assert package.__all__ == sorted(package.__all__)
    assert all(hasattr(package, exported) for exported in package.__all__)


def test_importing_the_package_brings_no_compiler() -> None:
    code = "import sys, backtest; print(sorted({'numba', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        getattr(import_module("backtest"), "Nothing")  # noqa: B009
