"""A large grid in the console: 112 320 variants over a year, watched, cancelled and left.

`python -m trials.console.large_run` prints what was seen; it takes a few minutes.
See: docs/console.md#how-it-is-tried
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.bff.served import Served, children, serving
from trials.console.browser import PATIENCE_MS, keep_picture, lacking, opened, started_browser

expect.set_options(timeout=PATIENCE_MS)
RUN = re.compile("^Run 112,320 variants$")
GENERATED = ("--symbol", "DEMOUSDT", "--days", "400")
IDLE_SHARE = 0.2
# What the page does while it waits: the longest time between two frames, and what it shows.
WATCH = """() => {
  const seen = window.seen = {longest: 0, frames: 0, stages: new Set(), shares: new Set()};
  let last = performance.now();
  const look = (now) => {
    seen.longest = Math.max(seen.longest, now - last);
    seen.frames += 1;
    last = now;
    const stage = document.querySelector("main .loading")?.innerText;
    if (stage) seen.stages.add(stage.trim());
    const bar = document.querySelector("main progress");
    if (bar) seen.shares.add(bar.value);
    if (!window.isOver) requestAnimationFrame(look);
  };
  window.isOver = false;
  requestAnimationFrame(look);
}"""
SEEN = """() => {
  window.isOver = true;
  const {longest, frames, stages, shares} = window.seen;
  return {longest, frames, stages: [...stages], shares: [...shares]};
}"""


def main() -> None:
    """Watch one run to its end, cancel one, and leave one."""
    if (reason := lacking()) is not None:
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _generate(folder)
        with (
            serving(folder, module="bff", ROEHUB_ENV="dev") as served,
            started_browser() as browser,
        ):
            with opened(browser, served.address) as page:
                _fill(page)
                _watch_to_the_end(page)
                _cancel(page, served)
            with opened(browser, served.address) as page:
                _fill(page)
                _begin(page)
            left_at = time.monotonic()
            print(f"left: the process of runs is idle after {_idle_after(served, left_at):.1f} s")


def _generate(folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "bff", "candles", "generate", *GENERATED],
        env=os.environ | {"ROEHUB_DATA_DIR": str(folder)},
        check=True,
        capture_output=True,
    )


def _fill(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Timeframe").select_option("5m")
    for place, windows in enumerate((("10", "269", "1"), ("10", "57", "1"))):
        for name, value in zip(("from", "to", "step"), windows, strict=True):
            page.get_by_role("textbox", name=f"window, {name}").nth(place).fill(value)
    expect(page.get_by_role("button", name=RUN)).to_be_visible()
    print("expected:", page.locator(".cost dl").inner_text().replace("\n", " "))


def _begin(page: Page) -> None:
    page.get_by_role("button", name=RUN).click()
    expect(page.locator("main .hint", has_text="parts of this step")).to_be_visible()


def _watch_to_the_end(page: Page) -> None:
    page.evaluate(WATCH)
    began_at = time.monotonic()
    _begin(page)
    keep_picture(page, "running-large-1280-light")
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("link", name="Results").click()
    expect(page.locator(".tiles").or_(page.get_by_role("alert"))).to_be_visible()
    took_s = time.monotonic() - began_at
    seen: dict[str, Any] = page.evaluate(SEEN)
    print("ended:", page.locator("main").inner_text()[:160].replace("\n", " "))
    print(
        f"took {took_s:.1f} s; {seen['frames']} frames, the longest took {seen['longest']:.0f} ms"
    )
    print(f"the bar stood at {len(seen['shares'])} places; steps: {'; '.join(seen['stages'])}")


def _cancel(page: Page, served: Served) -> None:
    page.get_by_role("link", name="Ask", exact=True).click()
    _begin(page)
    pressed_at = time.monotonic()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    shown_s = time.monotonic() - pressed_at
    idle_s = _idle_after(served, pressed_at)
    print(
        f"cancelled: shown after {shown_s:.2f} s, the process of runs is idle after {idle_s:.1f} s"
    )


def _idle_after(served: Served, since: float) -> float:
    """Seconds until the process of runs has left the processors alone for a moment."""
    pids = children(served.process.pid)
    while True:
        before, looked_at = sum(map(_used_s, pids)), time.monotonic()
        time.sleep(0.25)
        used = (sum(map(_used_s, pids)) - before) / (time.monotonic() - looked_at)
        if used < IDLE_SHARE:
            return looked_at - since


def _used_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
