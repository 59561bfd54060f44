"""The signals of a variant beneath its candles, and a saved variant run again with changes."""

import re
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, Request, expect

from trials.console.browser import DESK, PHONE, Scheme, opened
from trials.console.steps import is_run, judge, judge_twice, open_best, run, run_of

# How many pixels of a pane have a colour, above the middle of a row and beneath it.
PIXELS = """([pane, name, nRows]) => {
  const rows = [...document.querySelectorAll(".chart table > tr")];
  const panes = rows.filter((row) => row.querySelector("td:nth-child(2) canvas"));
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const wanted = getComputedStyle(probe).color.match(/[0-9]+/g).map(Number);
  probe.remove();
  const counts = Array.from({length: nRows}, () => 0);
  for (const canvas of panes[pane]?.querySelectorAll("td:nth-child(2) canvas") ?? []) {
    const {width, height} = canvas;
    // a browser complains of a canvas that is read time and again, so a copy is read
    const copy = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    const {data} = copy.getImageData(0, 0, width, height);
    for (let i = 0; i < data.length; i += 4) {
      if (wanted.every((part, j) => data[i + j] === part) && data[i + 3] === 255) {
        counts[Math.floor((Math.floor(i / 4 / width) * nRows) / height)] += 1;
      }
    }
  }
  return counts;
}"""
# The signal, its two indicators, and the side that is held.
N_ROWS = 4
IS_DRAWN = f"(asked) => ({PIXELS})(asked).every((found) => found > 0)"


def shares(stretches: list[dict[str, int]]) -> list[str]:
    """Long, short and neither of a signal as the page prints them."""
    bars, long, short = (
        sum(one[name] for one in stretches) for name in ("nBars", "nLong", "nShort")
    )
    parts = (long / bars, short / bars, 1 - long / bars - short / bars)
    return [f"{abs(part) * 100:.1f} %" for part in parts]


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["1280-light", "390-dark"]
)
def test_the_signals_of_a_variant_are_drawn_and_told_as_the_service_has_them(
    browser: Browser, address: str, size: tuple[int, int], scheme: Scheme
) -> None:
    with opened(browser, address, size=size, scheme=scheme) as page:
        page.goto("/")
        run(page)
        with page.expect_response(
            lambda answer: "variantReport" in (answer.request.post_data or "")
        ) as drawn:
            open_best(page)
        report = drawn.value.json()["data"]["variantReport"]

        own = {one["indicatorId"]: one["stretches"] for one in report["indicatorSignals"]}
        assert list(own) == ["ma.ema", "momentum.rsi"]
        told = page.locator(".signals tbody tr").evaluate_all(
            "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText))"
        )
        wanted = {"Signal": report["signal"], **own}
        assert told == [[name, *shares(found)] for name, found in wanted.items()]
        long, short, _ = shares(report["signal"])
        label = page.get_by_role("img", name=re.compile("^Candles with")).get_attribute(
            "aria-label"
        )
        said = re.findall(r"long on ([0-9.]+) % of the bars and short on ([0-9.]+) %", label or "")
        assert [f"{float(part):.1f} %" for part in said[0]] == [long, short]
        # each row has both sides: a pane beneath the candles, in colours of its own
        for colour in ("up", "down"):
            page.wait_for_function(IS_DRAWN, arg=[1, colour, N_ROWS])
        judge(page, f"signals-{size[0]}-{scheme}")


def saved_as(page: Page, name: str) -> None:
    """Save the best variant under a name, and open the form that runs it again."""
    run(page)
    open_best(page)
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="To the saved strategies").click()
    mine = page.get_by_role("listitem").filter(has_text=name)
    mine.get_by_role("button", name="Run again").click()


def test_a_saved_strategy_runs_again_with_other_size_costs_and_stops(page: Page) -> None:
    with page.expect_response(is_run) as first:
        saved_as(page, "to be changed")
    saved = run_of(first.value)["variants"][0]["payload"]

    page.get_by_label("Position size").select_option("FIXED_QUOTE")
    page.get_by_label("Fixed entry").fill("1000")
    page.get_by_label("Fee per fill").fill("0.25")
    page.get_by_label("Stop-loss and take-profit").select_option("these")
    page.get_by_label("Stop-loss levels, values").fill("1, 3")
    page.get_by_label("Take-profit", exact=True).check()
    page.get_by_label("Take-profit levels, values").fill("5")
    judge_twice(page, "saved-changed")
    with page.expect_response(is_run) as again:
        page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name="Best variants")).to_be_visible()
    answer = run_of(again.value)

    assert (answer["mode"], answer["stageBVariants"]) == ("SAVED", 2)
    payloads: list[dict[str, Any]] = [variant["payload"] for variant in answer["variants"]]
    stops = [(one["risk"]["slPct"], one["risk"]["tpPct"]) for one in payloads]
    assert sorted(stops) == [(1, 5), (3, 5)]
    for payload in payloads:
        changed = {"fixedQuote": 1000, "feePct": 0.25}
        assert payload["execution"] == saved["execution"] | changed
        assert payload["sizingMode"] == "FIXED_QUOTE"
        assert payload["indicatorSelections"] == saved["indicatorSelections"]
        assert (payload["signals"], payload["directionMode"]) == (
            saved["signals"],
            saved["directionMode"],
        )
    page.get_by_role("link", name="History").click()
    name = "to be changed (other size, money and costs, stops)"
    expect(page.get_by_text(name)).to_be_visible()


def test_a_mistake_in_a_change_stands_at_its_field_and_nothing_runs(page: Page) -> None:
    saved_as(page, "to be mistaken")
    runs: list[str] = []

    def note(sent: Request) -> None:
        runs.extend(["run"] if "runBacktest" in (sent.post_data or "") else [])

    page.on("request", note)
    page.get_by_label("Fee per fill").fill("much")
    page.get_by_label("From UTC").fill("soon")
    page.get_by_label("Stop-loss and take-profit").select_option("these")
    page.get_by_label("Stop-loss levels, values").fill("-1")
    page.get_by_role("button", name="Run", exact=True).click()

    fields = ("execution.fee_pct", "risk_grid.sl")
    for field in ("saved.time_range.start", *(f"saved.overrides.{name}" for name in fields)):
        expect(page.locator(f"[data-field='{field}'] .mistake")).to_be_visible()
    expect(page.locator(".mistake")).to_have_count(3)
    expect(page.get_by_role("alert")).to_have_count(0)
    judge(page, "saved-mistake-1280-light")
    assert runs == []
