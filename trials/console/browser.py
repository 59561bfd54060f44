"""Chromium of the machine, and a page of the console in it.

See: docs/console.md#how-it-is-tried
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, Request, sync_playwright

from bff.console import console_folder

PATIENCE_MS = 240_000
NAMES = ("chromium", "chromium-browser", "google-chrome")
DESK, PHONE = (1280, 900), (390, 844)
Scheme = Literal["light", "dark"]


def lacking() -> str | None:
    """Why the console cannot be tried here; None where it can."""
    if _program() is None:
        return f"no browser is installed: {', '.join(NAMES)}"
    return None if console_folder() else "the console is not built: make console"


def _program() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def started_browser() -> Generator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        # Its sandbox does not work for root, as which containers often run.
        browser = playwright.chromium.launch(executable_path=_program(), chromium_sandbox=False)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, address: str, *, size: tuple[int, int] = DESK, scheme: Scheme = "light"
) -> Generator[Page]:
    """A page of a browser that has kept nothing; what it complains about fails the block."""
    width, height = size
    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": height}, color_scheme=scheme
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.append(told.text) if _is_bad(told.type) else None)
    page.on("request", lambda request: complaints.extend(_foreign(request, address)))
    try:
        yield page
    finally:
        context.close()
    told = [text for text in complaints if "Failed to load resource" not in text]
    assert not told, told


def _is_bad(kind: str) -> bool:
    return kind in {"error", "warning"}


def _foreign(request: Request, address: str) -> list[str]:
    own = (address, "data:", "blob:")
    return [] if request.url.startswith(own) else [f"asked another host: {request.url}"]


def keep_picture(page: Page, name: str) -> None:
    """A picture of the whole page, where somebody wants to look at it."""
    folder = os.environ.get("CONSOLE_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        # what sticks to the window would lie over the middle of the page
        page.evaluate("scrollTo(0, 0)")
        page.mouse.move(0, 0)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def asked(page: Page, query: str, variables: dict[str, Any]) -> Any:
    """What the service answers to this page."""
    answer = page.evaluate(
        """async (body) => {
          const headers = {"Content-Type": "application/json"};
          return (await fetch("/graphql", {method: "POST", headers, body})).text();
        }""",
        json.dumps({"query": query, "variables": variables}),
    )
    return json.loads(answer)


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the service over the stores in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "bff", *arguments],
        env={"PATH": "/usr/bin:/bin", "ROEHUB_DATA_DIR": str(folder)},
        cwd=Path(__file__).parents[2],
        check=False,
        capture_output=True,
        text=True,
    )


def ask_for_much(page: Page) -> None:
    """A run that no machine ends at once: every window, on minutes, by every trade of each."""
    page.get_by_label("Timeframe").select_option("1m")
    page.get_by_label("Rank by").select_option("CALMAR")
    for step in page.get_by_role("textbox", name="window, step").all():
        step.fill("1")
