"""What every trial of the console starts with: a browser, and stores with a season of candles."""

from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.bff.served import serving
from trials.console.browser import PATIENCE_MS, command, lacking, opened, started_browser

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


@pytest.fixture(scope="module")
def address(data: Path) -> Generator[str]:
    """A server of `dev` over these stores."""
    with serving(data, module="bff", ROEHUB_ENV="dev") as served:
        yield served.address


@pytest.fixture
def page(browser: Browser, address: str) -> Generator[Page]:
    """A page of it that has begun to load."""
    with opened(browser, address) as page:
        page.goto("/")
        yield page
