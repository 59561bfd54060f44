"""Every setting has its row in the page of settings."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from bff.config.sections import BacktestFile
from bff.config.settings import Environment

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def keys(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name


def documented() -> set[str]:
    """Keys in the first column of the tables; in a row of several only the first is spelled out."""
    found: set[str] = set()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        names = re.findall(r"`([\w.]+)`", line.split(" | ")[0]) if line.startswith("| `") else []
        section = names[0].rpartition(".")[0] if names else ""
        found |= {name if "." in name or not section else f"{section}.{name}" for name in names}
    return found


@pytest.mark.parametrize("key", sorted(set(keys(BacktestFile)) - {"version"}))
def test_every_key_of_the_file_has_a_row(key: str):
    assert key in documented()


@pytest.mark.parametrize("name", [str(field.alias) for field in Environment.model_fields.values()])
def test_every_variable_has_a_row(name: str):
    assert name in documented()


def test_no_row_is_about_a_key_that_is_gone():
    known = set(keys(BacktestFile)) | {field.alias for field in Environment.model_fields.values()}

    assert documented() - known == set()
