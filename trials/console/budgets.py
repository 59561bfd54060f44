"""What the console weighs, how soon it is there and whether it stutters, written to its page.

`python -m trials.console.budgets` takes a few minutes. Work is told in time of the processor, which
a busy machine does not lengthen; the first paint is a time of the clock, the best of several.
See: docs/console.md#budgets
"""

import gzip
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from bff.console import console_folder, report_page
from tests.bff.served import serving
from trials.console.browser import PATIENCE_MS, command, lacking, opened, started_browser
from trials.console.steps import open_best, run
from trials.soak.page import write_region

PAGE = Path(__file__).parents[2] / "docs" / "console.md"
PAINTS, REPEATS = 7, 3
MAX_KB, MAX_PAINT_MS, MAX_TASK_MS = 400.0, 1_000.0, 50.0
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
# A task is a frame's work or a handler's; its time is that of the page's thread alone.
TRACED = ["toplevel", "loading", "devtools.timeline", "disabled-by-default-devtools.timeline"]
Row = tuple[str, str, float, float]


def main() -> None:
    """Measure, print, and write the table of docs/console.md; 1 where a budget is not kept."""
    if (reason := lacking()) is not None:
        raise SystemExit(reason)
    expect.set_options(timeout=PATIENCE_MS)
    rows = _weights()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = command(folder, "candles", "generate", "--symbol", "DEMOUSDT", "--days", "120")
        assert made.returncode == 0, made.stderr
        with (
            serving(folder, module="bff", ROEHUB_ENV="dev") as served,
            started_browser() as browser,
        ):
            rows += _first_paint(browser, served.address)
            with opened(browser, served.address) as page:
                rows += _work(browser, page)
    table = _table(rows)
    print(table)
    write_region("budgets", table, PAGE)
    raise SystemExit(any(measured > budget for _, _, measured, budget in rows))


def _weights() -> list[Row]:
    """Compressed sizes: all that the page loads, and the page of a report."""
    folder, report = console_folder(), report_page()
    assert folder is not None
    assert report is not None
    page = (folder / "index.html").read_text(encoding="utf-8")
    loaded = [folder / name for name in re.findall(r'"/console/([^"]+)"', page)]
    later = [path for path in folder.glob("*.js") if path not in loaded]
    files = (folder / "index.html", *loaded, *later)
    sizes = [_compressed_kb(path.read_bytes()) for path in files]
    return [
        ("the page with its script and style, compressed", "kB", sum(sizes), MAX_KB),
        (
            "a report in one file before its numbers, compressed",
            "kB",
            _compressed_kb(report.encode()),
            MAX_KB,
        ),
    ]


def _compressed_kb(content: bytes) -> float:
    return len(gzip.compress(content, 6)) / 1_000


def _first_paint(browser: Browser, address: str) -> list[Row]:
    """The soonest first paint of a browser that has kept nothing, and the work until then."""
    times: list[float] = []
    work: list[float] = []
    for _ in range(PAINTS):
        with opened(browser, address) as page:
            browser.start_tracing(page=page, categories=TRACED)
            page.goto("/")
            page.wait_for_function(PAINTED)
            times.append(page.evaluate(PAINTED))
            events = _events(browser)
            painted_at = max(
                event["ts"] for event in events if event["name"] == "firstContentfulPaint"
            )
            tasks = [task["tdur"] for task in _tasks(events) if task["ts"] < painted_at]
            work.append(sum(tasks) / 1_000)
    load = os.getloadavg()[0]
    first = f"first paint on loopback, best of {PAINTS}"
    return [
        (f"{first}: by the clock, at a load of {load:.0f}", "ms", min(times), MAX_PAINT_MS),
        (f"{first}: work of the page until then, of the processor", "ms", min(work), MAX_PAINT_MS),
    ]


def _work(browser: Browser, page: Page) -> list[Row]:
    """The longest tasks while 300 rows are scrolled and sorted, and 15 000 points moved."""
    page.goto("/")
    page.get_by_label("Timeframe").select_option("15m")
    run(page)
    expect(page.locator(".list table[aria-rowcount='301']").first).to_be_visible()
    rows = [
        ("300 rows scrolled", _longest_ms(browser, page, _scroll)),
        ("300 rows sorted by six metrics", _longest_ms(browser, page, _sort)),
    ]
    page.get_by_role("combobox", name="Sort by").select_option("rank")
    open_best(page)
    expect(page.locator(".folds tbody tr").first).to_be_visible()
    rows.append(("15 000 points of a chart zoomed and moved", _longest_ms(browser, page, _zoom)))
    told = "longest task, of the processor"
    return [(f"{what}: {told}", "ms", longest, MAX_TASK_MS) for what, longest in rows]


def _longest_ms(browser: Browser, page: Page, do: Callable[[Page], None]) -> float:
    """The longest task of the page's thread; the least of several, as a first one compiles."""
    return min(_longest_once_ms(browser, page, do) for _ in range(REPEATS))


def _longest_once_ms(browser: Browser, page: Page, do: Callable[[Page], None]) -> float:
    browser.start_tracing(page=page, categories=TRACED)
    do(page)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return max(task["tdur"] for task in _tasks(_events(browser))) / 1_000


def _events(browser: Browser) -> list[dict[str, Any]]:
    return json.loads(browser.stop_tracing())["traceEvents"]


def _tasks(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tasks of the threads that pages are made in; `tdur` is in microseconds of the processor."""
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event
        for event in events
        if (event["pid"], event["tid"]) in threads
        and event["name"].endswith("RunTask")
        and "tdur" in event
    ]


def _scroll(page: Page) -> None:
    page.locator(".list .scroller").first.hover()
    for step in [400] * 24 + [-400] * 24:
        page.mouse.wheel(0, step)
        page.evaluate("() => new Promise(requestAnimationFrame)")


def _sort(page: Page) -> None:
    for name in ("Max. Drawdown", "Num. Trades", "Win Rate", "Profit factor", "Calmar", "Sharpe"):
        page.locator("thead button", has_text=name).click()


def _zoom(page: Page) -> None:
    chart = page.locator(".chart")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
    page.mouse.move(x, y)
    for step in [-240] * 8 + [240] * 12:
        page.mouse.wheel(0, step)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    page.mouse.down()
    for away in range(0, 300, 20):
        page.mouse.move(x - away, y)
    page.mouse.up()


def _table(rows: list[Row]) -> str:
    lines = ["| what | measured | budget |", "| :-- | --: | --: |"]
    lines += [
        f"| {what} | {measured:.0f} {unit} | {budget:.0f} {unit} |"
        for what, unit, measured, budget in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
