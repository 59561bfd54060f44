"""Names that a package exports without importing anything until somebody asks for them (PEP 562).

A command that prints its help imports `bff` and must not wait for Numba or FastAPI.
See: CONTRIBUTING.md#an-export
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def lazy(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """The `__getattr__` of a package that finds each exported name in its module.

    Args:
        package: The name of the package, `__name__` in its `__init__.py`.
        homes: Module below the package → names that it defines.

    Returns:
        A function that raises `AttributeError` for other names, as Python asks of it.

    See: CONTRIBUTING.md#an-export
    """
    module_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{module_of[name]}"), name)

    return find
