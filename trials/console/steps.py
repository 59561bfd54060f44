"""What trials do on the page time and again, and how a screen is judged.

See: docs/console.md#how-it-is-tried
"""

import json
import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Response, expect

from trials.console.browser import DESK, PHONE, keep_picture

RUN = re.compile("^Run [0-9,]+ variants$")
GRAVE = {"serious", "critical"}


def is_run(answer: Response) -> bool:
    """Whether it answers a run."""
    return "runBacktest" in (answer.request.post_data or "")


def run_of(answer: Response) -> dict[str, Any]:
    """What the service answers to the same request; the browser keeps no body of a stream."""
    asked = answer.request
    again = asked.frame.page.request.post(
        asked.url, data=asked.post_data_buffer, headers=asked.headers
    )
    if "event-stream" not in again.headers["content-type"]:
        return again.json()["data"]["runBacktest"]
    told = re.findall("^data: (.+)$", again.text(), re.MULTILINE)
    return json.loads(told[-1])["data"]["runBacktest"]["result"]


def run(page: Page) -> None:
    """Run what the form holds, and see its answer."""
    page.get_by_role("button", name=RUN).click()
    expect(page.get_by_role("heading", name="Best variants")).to_be_visible()


def open_best(page: Page) -> None:
    """Open the first variant of the list, and see its chart."""
    page.locator(".list td.what a").first.click()
    expect(page.locator(".chart canvas").first).to_be_visible()


# A chart takes the size of its box with the frame after the one that gives the box its own.
DRAWN = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
})"""


def judge(page: Page, name: str, but: frozenset[str] = frozenset()) -> None:
    """Nothing is cut off at the side, and axe finds nothing serious but what is known."""
    page.evaluate(DRAWN)
    keep_picture(page, name)
    wide, room = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= room, f"{name} is {wide} pixels wide"
    found = Axe().run(page).response["violations"]
    told = {item["id"]: item["nodes"][0]["html"] for item in found if item["impact"] in GRAVE}
    assert told.keys() <= but, (name, told)


def judge_twice(page: Page, name: str) -> None:
    """The same on a desk by day and on a phone by night."""
    judge(page, f"{name}-{DESK[0]}-light")
    width, height = PHONE
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark")
    judge(page, f"{name}-{width}-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})


def told_of(cell: Locator) -> float:
    """The return that a cell of the map tells, in percent."""
    label = cell.get_attribute("aria-label") or ""
    return float(label.rpartition(": ")[2].removesuffix(" %"))


def shown_surface(page: Page) -> list[list[float | None]]:
    """What the cells of the map say, a row for each value of the axis that goes across."""
    expect(page.locator(".drawn[aria-busy=false] .heat")).to_be_visible()
    titles = page.locator(".heat tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.title))"
    )
    told = [[title.rpartition(": ")[2].removesuffix(" %") for title in row] for row in titles]
    return [
        [None if text == "no variant" else float(text) for text in row]
        for row in zip(*told, strict=True)
    ]
