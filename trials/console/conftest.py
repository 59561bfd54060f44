"""What every trial of the console starts with: a browser, and stores with a season of candles."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from trials.console.browser import PATIENCE_MS, command, lacking, started_browser

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module", autouse=True)
def _can_be_tried() -> None:
    if (reason := lacking()) is not None:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stores of a server, which trials of a module may change."""
    folder = tmp_path_factory.mktemp("console")
    made = command(folder, "candles", "generate", "--symbol", "DEMOUSDT", "--days", "120")
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """A browser without a window."""
    with started_browser() as started:
        yield started
