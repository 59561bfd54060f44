"""What the form shows before a run, and the ways in which its request leaves and comes back."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Locator, Page, Response, Route, expect

from schema.examples import USER
from trials.console.browser import asked, command, opened
from trials.console.steps import RUN, judge, judge_twice, open_best, run

STORED = "{ instruments { firstTs lastTs gaps coverage } }"
DELETE = "mutation ($id: UUID!) { deleteStrategy(strategyId: $id) }"


@pytest.fixture
def page(browser: Browser, address: str) -> Generator[Page]:
    with opened(browser, address) as page:
        page.goto("/")
        expect(page.get_by_role("button", name=RUN)).to_be_visible()
        yield page


def test_the_coverage_bar_is_what_the_service_knows_of_the_store(page: Page) -> None:
    (stored,) = asked(page, STORED, {})["data"]["instruments"]

    shares = page.locator(".coverage-bar rect")
    told = shares.evaluate_all("(parts) => parts.map((part) => +part.getAttribute('opacity'))")
    assert told == stored["coverage"]
    line = page.locator(".coverage").inner_text()
    assert f"{stored['firstTs'][:10]} to {stored['lastTs'][:10]} UTC" in line
    assert "no gaps" in line
    assert stored["gaps"] == 0


def test_the_brush_over_the_price_sets_the_range(page: Page) -> None:
    """By keyboard, which moves the same handles as a pointer."""
    start, end = page.get_by_label("From UTC"), page.get_by_label("To (exclusive) UTC")
    before = start.input_value(), end.input_value()
    first, last = page.locator(".brush input").all()

    first.press("ArrowRight")
    last.press("ArrowLeft")

    after = start.input_value(), end.input_value()
    assert before[0] < after[0] < after[1] < before[1]
    veiled = page.locator(".brush").evaluate("(box) => box.style.getPropertyValue('--before')")
    assert float(veiled.removesuffix("%")) > 0


def test_the_count_follows_what_one_types_and_slides(page: Page) -> None:
    count = page.locator(".cost .big dd")
    before = count.inner_text()
    page.get_by_label("window, step").first.fill("20")
    expect(count).not_to_have_text(before)
    typed = count.inner_text()

    page.locator(".indicator .span-slider input").nth(1).press("PageUp")
    expect(page.get_by_role("textbox", name="window, to").first).not_to_have_value("200")
    expect(count).not_to_have_text(typed)


def test_a_range_without_candles_is_told_before_it_is_run(page: Page) -> None:
    page.get_by_label("From UTC").fill("2010-01-01")
    page.get_by_label("To (exclusive) UTC").fill("2010-06-01")
    expect(page.get_by_text("No candles are stored for this range")).to_be_visible()

    page.get_by_label("From UTC").fill("2010-07-01")
    expect(page.locator("#range-mistake")).to_contain_text("start must be before end")
    page.get_by_label("From UTC").fill("yesterday")
    field = page.locator("[data-field='time_range.start'] .mistake")
    expect(field).to_contain_text("write a day such as 2024-01-31")
    judge_twice(page, "ask-range")


def test_an_indicator_that_is_added_can_be_run_at_once(page: Page) -> None:
    page.get_by_label("Add an indicator").select_option("trend.adx")

    expect(page.get_by_role("button", name=RUN)).to_be_enabled()
    expect(page.get_by_role("heading", name="Average Directional Index")).to_be_visible()


def text_of(page: Page, spelling: str) -> str:
    page.get_by_label(spelling, exact=True).check()
    return page.locator(".request .scroller pre").inner_text()


def test_every_spelling_of_the_request_asks_for_what_the_page_asks_for(
    page: Page, data: Path
) -> None:
    page.get_by_text("The request").click()
    texts = {name: text_of(page, name) for name in SPELLINGS}
    run(page)
    best = page.locator("tbody tr:not(.spacer)").first.locator("td").nth(3).inner_text()
    token = command(data, "token", "--user-id", str(USER)).stdout.strip()

    over_graphql = asked(page, texts["GraphQL"], {})["data"]["runBacktest"]
    over_curl = called(["sh", "-c", texts["curl"]], token)
    over_python = called([sys.executable, "-c", texts["Python"] + WHOLE_ANSWER], token)
    over_rest = page.request.post(
        "/backtests", data=texts["REST"], headers={"Content-Type": "application/json"}
    )

    answer = json.loads(over_curl)
    assert over_python.splitlines()[-1] == json.dumps(answer)
    assert over_rest.text() == over_curl
    assert over_graphql["gridRequestHash"] == answer["grid_request_hash"]
    assert [(one["variantKey"], one["totalReturnPct"]) for one in over_graphql["variants"]] == [
        (one["variant_key"], one["total_return_pct"]) for one in answer["variants"]
    ]
    assert round(answer["variants"][0]["total_return_pct"], 4) == float(best)


SPELLINGS = ("GraphQL", "REST", "curl", "Python")
WHOLE_ANSWER = "\nprint(json.dumps(answer))"


def called(arguments: list[str], token: str) -> str:
    done = subprocess.run(
        arguments, env=os.environ | {"TOKEN": token}, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_file_and_the_clipboard_bring_the_request_back(
    page: Page, browser: Browser, address: str, tmp_path: Path
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    step = page.get_by_label("window, step").first
    step.fill("30")
    page.get_by_text("The request").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save file").click()
    file = tmp_path / "request.json"
    saved.value.save_as(file)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    step.fill("40")

    page.locator("input[type=file]").set_input_files(file)
    expect(step).to_have_value("30")
    with opened(browser, address) as stranger:
        stranger.goto(link)
        expect(stranger.get_by_label("window, step").first).to_have_value("30")


def test_every_metric_sorts_the_list(page: Page) -> None:
    run(page)
    choice = page.get_by_role("combobox", name="Sort by")
    names = choice.locator("option").all_inner_texts()[1:]
    assert len(names) == 35  # the rows of the report, the usual ratios, and the adjusted p
    for name in names:
        choice.select_option(name)
        sorted_by = page.locator("th[aria-sort=ascending], th[aria-sort=descending]")
        expect(sorted_by).to_have_count(1)
        expect(sorted_by).to_contain_text(name.replace(" [%]", " %"))


def test_the_list_tells_plateaus_once_the_map_was_opened(page: Page) -> None:
    run(page)
    with page.expect_response(asks_for_a_map) as sent:
        page.get_by_text("Map of the grid").click()
    near = sent.value.json()["data"]["runBacktest"]["landscape"]["neighbourhoods"]

    column = page.locator("thead th", has_text="Neighbourhood")
    expect(column).to_be_visible()
    place = column.evaluate("(cell) => cell.cellIndex")
    shown = page.locator(".list tbody tr:not(.spacer)").first.locator("td").nth(place)
    expect(shown).to_contain_text(near[0]["shape"].lower())


def asks_for_a_map(answer: Response) -> bool:
    return "landscape" in (answer.request.post_data or "")


def held(page: Page, name: str) -> None:
    """Let answers that name something wait for ever: the page shows that it waits."""

    def answer(route: Route) -> None:
        if name not in (route.request.post_data or ""):
            route.continue_()

    page.route("**/graphql", answer)


def loading(page: Page, text: str, name: str) -> None:
    expect(page.locator(".loading", has_text=text).first).to_be_visible()
    judge_twice(page, f"loading-{name}")


def test_every_screen_says_what_it_waits_for(page: Page) -> None:
    run(page)
    held(page, "variantReport")
    page.locator(".list td.what a").first.click()
    loading(page, "Replaying the variant", "variant")
    page.unroute("**/graphql")
    page.go_back()

    held(page, "landscape")
    page.get_by_text("Map of the grid").click()
    loading(page, "Running the grid again for its map", "map")
    page.unroute("**/graphql")

    held(page, "strategies")
    page.get_by_role("link", name="Saved", exact=True).click()
    loading(page, "Reading your strategies", "saved")
    page.unroute("**/graphql")

    held(page, "indicators")
    page.goto("about:blank")
    page.goto("/")
    loading(page, "Reading the catalog", "ask")


@pytest.mark.parametrize(
    ("screen", "title"),
    [("results", "Nothing has been run yet"), ("saved", "No saved"), ("history", "No runs yet")],
)
def test_a_screen_with_nothing_on_it_says_what_to_do(page: Page, screen: str, title: str) -> None:
    for saved in asked(page, "{ strategies { strategyId } }", {})["data"]["strategies"]:
        asked(page, DELETE, {"id": saved["strategyId"]})  # what another trial has left

    page.goto(f"/#/{screen}")
    expect(page.get_by_role("heading", name=re.compile(title))).to_be_visible()
    judge_twice(page, f"empty-{screen}")

    page.locator(".state a.button").click()
    expect(page.locator("main .card, main .state").first).to_be_visible()


def test_a_saved_strategy_is_run_over_another_range_and_on_one_side(page: Page) -> None:
    run(page)
    open_best(page)
    page.get_by_role("textbox", name="Name").fill("one side")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="To the saved strategies").click()
    mine: Locator = page.get_by_role("listitem").filter(has_text="one side")
    mine.get_by_role("button", name="Run again").click()
    mine.get_by_label("From UTC").fill("2024-03-01")
    mine.get_by_label("Direction").select_option("SHORT_ONLY")
    mine.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("main header p.hint")).to_contain_text("2024-03-01 to")
    page.locator(".list td.what a").first.click()

    sides = page.locator(".trades tbody tr:not(.spacer) td:nth-child(2)")
    expect(sides.first).to_be_visible()
    assert set(sides.all_inner_texts()) == {"▼ short"}


def test_the_report_of_the_command_opens_from_disk_without_a_network(
    page: Page, data: Path, browser: Browser, tmp_path: Path
) -> None:
    page.get_by_text("The request").click()
    request, file = tmp_path / "request.json", tmp_path / "report.html"
    request.write_text(text_of(page, "REST"), encoding="utf-8")
    made = command(data, "run", str(request), "--html", str(file))
    assert made.returncode == 0, made.stdout + made.stderr

    with opened(browser, file.as_uri()) as reader:
        reader.context.set_offline(offline=True)
        reader.goto(file.as_uri())
        expect(reader.locator(".chart canvas").first).to_be_visible()
        judge(reader, "report-command-1280-light")
    assert file.stat().st_size < 1_000_000


def test_runs_of_the_history_stand_side_by_side(page: Page) -> None:
    run(page)
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_label("window, step").first.fill("50")
    expect(page.get_by_role("button", name=RUN)).to_be_enabled()
    run(page)
    page.get_by_role("link", name="History").click()
    pins = page.get_by_label("Pin the run of")
    expect(pins).to_have_count(2)
    for pin in pins.all():
        pin.check()

    pinned = page.get_by_role("region", name="Metrics of the pinned runs")
    expect(pinned.locator("thead th")).to_have_count(3)
    expect(pinned.locator("tbody tr")).to_have_count(34)
    judge_twice(page, "history-pinned")
