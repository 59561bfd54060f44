"""What a person does with the console, in Chromium over a real server."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, Response, expect

from bff.console import graphiql_folder
from trials.console.browser import (
    DESK,
    PHONE,
    Scheme,
    ask_for_much,
    asked,
    command,
    keep_picture,
    opened,
)
from trials.console.steps import (
    RUN,
    is_run,
    judge,
    judge_twice,
    open_best,
    run,
    run_of,
    shown_surface,
    told_of,
)


def test_a_stranger_asks_sorts_opens_saves_and_runs_it_again(page: Page) -> None:
    run(page)
    page.get_by_role("button", name="Max. Drawdown %").click()
    column = page.locator("th[aria-sort=ascending]")
    expect(column).to_have_text(re.compile("Max. Drawdown %"))
    shown = [
        float(text)
        for text in page.locator("tbody tr:not(.spacer) td:nth-child(6)").all_inner_texts()
    ]
    assert shown == sorted(shown)
    page.get_by_role("combobox", name="Sort by").select_option("rank")
    best = page.locator("tbody tr:not(.spacer)").first.locator("td").nth(3).inner_text()

    open_best(page)
    expect(page.locator(".report tr", has_text="Total Return [%]").locator("td")).to_have_text(best)
    page.get_by_role("textbox", name="Name").fill("the one I keep")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="To the saved strategies").click()

    mine = page.get_by_role("listitem").filter(has_text="the one I keep")
    mine.get_by_role("button", name="Run again").click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".tiles")).to_contain_text(best)

    page.get_by_role("link", name="Saved").click()
    page.get_by_role("button", name="Delete the one I keep").click()
    page.get_by_role("button", name="Confirm delete").click()
    expect(mine).to_have_count(0)


def test_the_numbers_are_those_of_the_service(page: Page) -> None:
    with page.expect_response(
        lambda answer: "runBacktest" in (answer.request.post_data or "")
    ) as sent:
        run(page)
    answer = run_of(sent.value)
    titles = [
        text.strip(" ↓↑").replace(" %", " [%]")
        for text in page.locator("thead th.number").all_inner_texts()
    ][1:]

    adjusted = answer["evidence"]["realityCheck"]["againstCash"]["adjusted"]
    rows = page.locator("tbody tr:not(.spacer)").all()
    assert len(rows) >= 10
    for row, variant in zip(rows, answer["variants"], strict=False):
        printed = {item["metric"]: item["value"] for item in variant["report"]["rows"]}
        standard = variant["report"]["standard"]
        printed |= {title: f"{standard[name]:.2f}" for title, name in RATIOS.items()}
        cells = row.locator("td.number").all_inner_texts()[1:]
        printed["Adjusted p"] = f"{adjusted.pop(0)['pValue']:.3f}"
        assert dict(zip(titles, cells, strict=True)) == {title: printed[title] for title in titles}
    tried = answer["evidence"]["returns"]
    bars = page.locator(".histogram rect title").all_text_contents()
    assert [int(told.rpartition(": ")[2].replace(",", "")) for told in bars] == tried["counts"]
    assert f"all {answer['evidence']['trials']['tried']:,} tried variants" in heading(page)


RATIOS = {
    "Sharpe": "sharpe",
    "Sortino": "sortino",
    "Calmar": "calmar",
    "Profit factor": "profitFactor",
}


def heading(page: Page) -> str:
    return page.locator(".card", has=page.locator(".histogram")).locator("h2").inner_text()


def test_months_folds_and_luck_of_a_variant_are_those_of_the_service(page: Page) -> None:
    with page.expect_response(is_run) as sent:
        run(page)
    evidence = run_of(sent.value)["evidence"]
    with (
        page.expect_response(
            lambda answer: "variantReport" in (answer.request.post_data or "")
        ) as drawn,
        page.expect_response(is_run) as proven,
    ):
        open_best(page)
    report = drawn.value.json()["data"]["variantReport"]
    folds = run_of(proven.value)["evidence"]["walkForward"]["folds"]

    rows = page.locator(".report tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    assert rows[-25:] == [[row["metric"], row["value"]] for row in report["rows"]]
    ratios = dict(rows[:-25])
    assert float(ratios["Sharpe"]) == pytest.approx(report["standard"]["sharpe"], abs=1e-5)
    told = page.locator(".months td[title]").evaluate_all("(cells) => cells.map((c) => c.title)")
    assert told == [f"{month['returnPct']} %" for month in report["returnsByMonth"]]
    shown = page.locator(".folds tbody tr")
    expect(shown).to_have_count(len(folds))
    chosen = evidence["walkForward"]["folds"]
    for row, fold, other in zip(shown.all(), folds, chosen, strict=True):
        told = row.locator("td[title]").evaluate_all("(cells) => cells.map((c) => c.title)")
        cells = [float(text.removesuffix(" %")) for text in told]
        assert cells == [fold["growthBeforePct"], fold["growthAfterPct"], other["growthAfterPct"]]
    p_values = [
        f"{evidence['realityCheck'][name]['adjusted'][0]['pValue']:.3f}"
        for name in ("againstCash", "againstHolding")
    ]
    assert page.locator(".pairs dd").all_inner_texts() == p_values


def test_the_receipt_of_a_variant_is_verified_by_the_command(
    page: Page, data: Path, tmp_path: Path
) -> None:
    run(page)
    open_best(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as file").click()
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    told = page.locator("pre", has_text="bff verify").inner_text()
    assert told == f"python -m bff verify {file.name}"

    verified = command(data, "verify", str(file))

    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert verified.stdout.startswith(f"same: {page.locator('code.hash').inner_text()}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy receipt").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == file.read_text(encoding="utf-8")


def test_variants_with_the_same_trades_are_shown_once_where_that_is_asked(page: Page) -> None:
    page.get_by_label("List variants with the same trades once").check()
    with page.expect_response(is_run) as sent:
        run(page)
    variants = run_of(sent.value)["variants"]
    place = next(i for i, one in enumerate(variants) if one["sameAs"]["nOthers"] > 0)
    others = variants[place]["sameAs"]["nOthers"]

    row = page.locator("tbody tr:not(.spacer)").nth(place)
    expect(row).to_contain_text(f"+{others} alike")
    row.locator("td.what a").click()
    expect(page.get_by_text("It stands for the same trades as")).to_be_visible()


def test_what_is_copied_over_rest_gives_the_same_variants(page: Page) -> None:
    page.get_by_text("The request").click()
    request: dict[str, Any] = json.loads(page.locator(".request pre").inner_text())
    with page.expect_response(
        lambda answer: "runBacktest" in (answer.request.post_data or "")
    ) as sent:
        run(page)
    answer = run_of(sent.value)

    over_rest = page.evaluate(
        """async (body) => (await fetch("/backtests", {method: "POST", body: JSON.stringify(body),
          headers: {"Content-Type": "application/json"}})).json()""",
        request,
    )

    assert over_rest["grid_request_hash"] == answer["gridRequestHash"]
    assert [item["variant_key"] for item in over_rest["variants"]] == [
        item["variantKey"] for item in answer["variants"]
    ]


def test_a_reload_keeps_the_form_and_the_answer_and_a_link_brings_the_form(
    page: Page, browser: Browser, address: str
) -> None:
    window = page.get_by_label("window, step").first
    window.fill("20")
    run(page)
    tried = page.locator(".tiles").inner_text()
    page.reload()
    expect(page.locator(".tiles")).to_have_text(tried.replace("\n", ""), use_inner_text=False)
    page.get_by_role("link", name="History").click()
    link = page.locator('td.what a[href^="#/ask"]').get_attribute("href")
    page.get_by_role("link", name="Ask").click()
    expect(window).to_have_value("20")

    with opened(browser, address) as stranger:
        stranger.goto(f"/{link}")
        expect(stranger.get_by_label("window, step").first).to_have_value("20")


def test_a_variant_opens_from_its_link_alone(page: Page, browser: Browser, address: str) -> None:
    run(page)
    open_best(page)
    place, title = page.url, page.locator("main h2").first.inner_text()

    with opened(browser, address) as stranger:
        stranger.goto(place)
        expect(stranger.locator("main h2").first).to_have_text(title)
        expect(stranger.locator(".chart canvas").first).to_be_visible()


def test_a_trade_brings_its_place_in_the_chart(page: Page) -> None:
    run(page)
    open_best(page)
    page.get_by_role("button", name="Show trade 2 in the chart").click()

    expect(page.locator("tr.pinned")).to_have_count(1)
    page.get_by_role("button", name="Whole range").click()
    expect(page.locator("tr.pinned")).to_have_count(0)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(IS_DRAWN_IN, arg=EQUITY_BY_NIGHT)


EQUITY_BY_NIGHT = [232, 236, 242]
# A chart holds its colours: one that was drawn by day has black lines on a dark ground at night.
# A copy is read, because the browser complains about a canvas that is read again and again.
IS_DRAWN_IN = """([red, green, blue]) => {
  for (const canvas of document.querySelectorAll(".chart canvas")) {
    const {width, height} = canvas;
    if (width * height === 0) continue;
    const copy = new OffscreenCanvas(width, height).getContext("2d", {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    const {data} = copy.getImageData(0, 0, width, height);
    for (let i = 0; i < data.length; i += 4) {
      if (data[i] === red && data[i + 1] === green && data[i + 2] === blue) return true;
    }
  }
  return false;
}"""


def test_pinned_variants_stand_side_by_side(page: Page) -> None:
    run(page)
    for place in (1, 3):
        page.get_by_label(f"Pin variant {place} to compare").check()

    pinned = page.get_by_role("region", name="Metrics of the pinned variants")
    expect(pinned.locator("thead th")).to_have_count(3)
    expect(pinned.locator("tbody tr")).to_have_count(34)  # 25 rows, and nine usual ratios


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["1280-light", "390-dark"]
)
def test_the_grid_opens_as_a_map_and_its_axes_change(
    browser: Browser, address: str, size: tuple[int, int], scheme: Scheme
) -> None:
    with opened(browser, address, size=size, scheme=scheme) as page:
        page.goto("/")
        run(page)
        with page.expect_response(is_run) as sent:
            page.get_by_text("Map of the grid").click()
        surface = run_of(sent.value)["landscape"]["surface"]
        assert shown_surface(page) == surface["cells"]
        expect(page.get_by_label("Across", exact=True)).to_have_value(surface["x"])
        expect(page.get_by_label("Down", exact=True)).to_have_value(surface["y"])
        expect(page.locator(".heat td.best")).to_have_count(1)
        judge(page, f"map-{size[0]}-{scheme}")

        with page.expect_response(is_run) as sent:
            page.get_by_label("Across", exact=True).select_option(surface["y"])
        turned = run_of(sent.value)["landscape"]["surface"]
        assert (turned["x"], turned["y"]) == (surface["y"], surface["x"])
        assert shown_surface(page) == turned["cells"]
        assert turned["cells"] == [list(row) for row in zip(*surface["cells"], strict=True)]
        values = page.get_by_role("region", name=re.compile("Value by value"))
        expect(values.locator("tbody tr")).to_have_count(len(turned["xValues"]))

        for side, axis in (("Across", "ma.ema.window"), ("Down", "momentum.rsi.window")):
            page.get_by_label(side, exact=True).select_option(axis)
        expect(page.locator(".drawn[aria-busy=false] .heat .corner")).to_contain_text("rsi window")
        judge(page, f"map-large-{size[0]}-{scheme}")


def test_a_cell_tells_the_best_the_median_the_mean_or_a_slice(page: Page) -> None:
    run(page)
    page.get_by_text("Map of the grid").click()
    shown = [shown_surface(page)]
    for statistic in ("MEDIAN", "MEAN", "SLICE"):
        with page.expect_response(is_run) as sent:
            page.get_by_label("Show in each cell").select_option(statistic)
        surface = run_of(sent.value)["landscape"]["surface"]
        assert surface["statistic"] == statistic
        shown.append(shown_surface(page))
        assert shown[-1] == surface["cells"]

    assert all(one != other for one, other in pairwise(shown))


def test_a_cell_of_the_map_opens_the_variant_that_it_tells(page: Page) -> None:
    run(page)
    page.get_by_text("Map of the grid").click()
    shown_surface(page)
    cells = page.locator(".heat td button")
    best, other = page.locator(".heat td.best button"), cells.last
    for cell in (best, other):
        told = told_of(cell)
        cell.click()
        shown = page.locator(".report tr", has_text="Total Return [%]").locator("td")
        expect(shown).to_be_visible()
        # a map is made of growth in whole millionths
        assert float(shown.inner_text()) == pytest.approx(told, abs=0.02)
        page.go_back()
        expect(page.locator(".heat")).to_be_visible()

    best.focus()
    place = best.get_attribute("aria-label")
    page.keyboard.press("ArrowLeft")
    moved = page.locator(".heat td button:focus")
    expect(moved).to_have_count(1)
    assert moved.get_attribute("aria-label") != place


def test_small_maps_by_a_third_axis_are_the_services_and_one_is_shown_large(page: Page) -> None:
    run(page)
    page.get_by_text("Map of the grid").click()
    shown_surface(page)
    third = page.get_by_label("One map for each value of")
    with page.expect_response(is_run) as sent:
        third.select_option(index=1)
    surfaces = run_of(sent.value)["landscape"]["surfaces"]
    small = page.locator(".small-maps button")
    expect(small).to_have_count(len(surfaces))
    small.last.click()
    expect(small.last).to_have_attribute("aria-pressed", "true")
    assert shown_surface(page) == surfaces[-1]["surface"]["cells"]
    judge(page, "map-small-1280-light")

    cell = page.locator(".heat td button").last
    told = told_of(cell)
    cell.click()
    shown = page.locator(".report tr", has_text="Total Return [%]").locator("td")
    assert float(shown.inner_text()) == pytest.approx(told, abs=0.02)


def test_a_map_of_too_few_bars_says_so_and_a_refused_one_can_be_tried_again(page: Page) -> None:
    run(page)
    nothing = {"data": {"runBacktest": {"landscape": None}}}
    refusal = {"message": "It was refused", "extensions": {"code": "overloaded"}}
    page.route("**/graphql", lambda route: route.fulfill(status=503, json={"errors": [refusal]}))
    page.get_by_text("Map of the grid").click()
    expect(page.get_by_role("heading", name="The service is busy")).to_be_visible()

    page.unroute("**/graphql")
    page.route("**/graphql", lambda route: route.fulfill(json=nothing))
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".map")).to_contain_text("too few bars for a map")


def test_a_grid_of_one_axis_has_no_heat_map_but_its_values(page: Page) -> None:
    run(page)
    page.route("**/graphql", _of_one_axis)
    page.get_by_text("Map of the grid").click()

    expect(page.locator(".map")).to_contain_text("needs two axes")
    expect(page.locator(".values tbody tr").nth(1)).to_be_visible()


def _of_one_axis(route: Any) -> None:
    """Asks for the first indicator's axis alone, and nothing beside it."""
    body: dict[str, Any] = json.loads(route.request.post_data)
    template = body["variables"]["input"]["template"]
    template["indicatorGrids"] = template["indicatorGrids"][:1]
    template["signalGrids"], template["riskGrid"] = [], None
    route.continue_(post_data=json.dumps(body))


def test_a_saved_report_opens_without_a_server(
    page: Page, browser: Browser, tmp_path: Path
) -> None:
    run(page)
    best = page.locator("tbody tr:not(.spacer)").first.locator("td").nth(3).inner_text()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save report").click()
    file = tmp_path / "report.html"
    saved.value.save_as(file)

    with opened(browser, file.as_uri()) as reader:
        reader.context.set_offline(offline=True)
        reader.goto(file.as_uri())
        expect(reader.locator(".tiles").first).to_contain_text(best)
        expect(reader.locator(".chart canvas").first).to_be_visible()
        judge_twice(reader, "report")
    assert file.stat().st_size < 1_000_000


@pytest.mark.skipif(graphiql_folder() is None, reason="GraphiQL is not built: make serve")
def test_graphiql_completes_names_and_is_signed_in(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        page.goto("/graphql")
        editor = page.locator(".graphiql-query-editor .CodeMirror")
        expect(editor).to_contain_text("runtimeDefaults")
        page.get_by_role("button", name="Execute query").click()
        expect(page.locator(".result-window")).to_contain_text('"topK"')
        # Names are completed from the schema, and a key that is typed before it is there is lost.
        page.get_by_role("button", name="Show Documentation Explorer").click()
        expect(page.get_by_role("link", name="Mutation", exact=True)).to_be_visible()
        page.get_by_role("button", name="Hide Documentation Explorer").click()

        editor.click()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("{ esti")
        expect(page.locator(".CodeMirror-hints")).to_contain_text("estimateBacktest")
        keep_picture(page, "graphiql-1280-light")


# Its own, and no setting changes them: a tab holds the button that closes it, and a text is
# scrolled by the keys that its text area takes, which lies beside it.
OF_GRAPHIQL = frozenset({"nested-interactive", "scrollable-region-focusable"})


@pytest.mark.skipif(graphiql_folder() is None, reason="GraphiQL is not built: make serve")
@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["1280-light", "390-dark"]
)
def test_graphiql_fits_and_can_be_read(
    browser: Browser, address: str, size: tuple[int, int], scheme: Scheme
) -> None:
    with opened(browser, address, size=size, scheme=scheme) as page:
        page.goto("/graphql")
        page.get_by_role("button", name="Execute query").click()
        expect(page.locator(".result-window")).to_contain_text('"topK"')
        judge(page, f"graphiql-{size[0]}-{scheme}", but=OF_GRAPHIQL)
        page.get_by_role("button", name="Show Documentation Explorer").click()
        expect(page.get_by_role("link", name="Mutation", exact=True)).to_be_visible()
        judge(page, f"graphiql-docs-{size[0]}-{scheme}", but=OF_GRAPHIQL)


@pytest.mark.skipif(graphiql_folder() is None, reason="GraphiQL is not built: make serve")
def test_a_tab_of_graphiql_that_is_chosen_at_once_shows_its_document(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as page:
        page.goto("/graphql")
        second = page.locator(".graphiql-tab-button").nth(1)
        name = second.inner_text()
        second.click()

        expect(page.locator(".graphiql-query-editor .CodeMirror")).to_contain_text(name)
        expect(page.locator(".graphiql-tab-active .graphiql-tab-button")).to_have_text(name)


def test_a_mistake_stands_at_its_field_and_goes_when_it_is_mended(page: Page) -> None:
    step = page.get_by_label("window, step").first
    step.fill("0")
    field = page.locator("[data-field='indicator_grids.0.params.window']")
    expect(field.locator(".mistake")).to_be_visible()
    expect(step).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Run")).to_be_disabled()
    keep_picture(page, "ask-mistake-1280-light")

    step.fill("10")
    expect(field.locator(".mistake")).to_have_count(0)
    expect(page.get_by_role("button", name=RUN)).to_be_enabled()


def test_the_cost_counts_the_evidence_where_it_is_asked_for(page: Page) -> None:
    def is_estimate(answer: Response) -> bool:
        return "estimateBacktest" in (answer.request.post_data or "")

    expect(page.get_by_role("button", name=RUN)).to_be_visible()
    with page.expect_response(is_estimate) as sent:
        page.get_by_label("Return at most").fill("200")
    estimate = sent.value.json()["data"]["estimateBacktest"]
    (part,) = [one for one in estimate["parts"] if one["part"] == "EVIDENCE"]
    memory = page.locator(".cost dl div", has_text="memory").locator("dd")

    expect(memory).to_have_text(size(estimate["estimatedBytes"] + part["bytes"]))
    page.get_by_label("Test whether the best is luck").uncheck()
    expect(memory).to_have_text(size(estimate["estimatedBytes"]))
    run(page)
    expect(page.locator(".luck")).to_have_count(0)


def size(n_bytes: int) -> str:
    mebibytes = n_bytes / 2**20
    return f"{mebibytes:.0f} MiB" if mebibytes >= 100 else f"{mebibytes:.1f} MiB"


def test_a_grid_that_is_too_large_says_so_before_it_is_run(page: Page) -> None:
    expect(page.get_by_role("button", name=RUN)).to_be_visible()
    for field in ("window, to", "window, step"):
        for box in page.get_by_label(field).all():
            box.fill("1" if field.endswith("step") else "900")

    expect(page.locator(".cost .mistake")).to_contain_text("More than the 600,000 variants")
    expect(page.get_by_role("button", name="Run")).to_be_disabled()
    keep_picture(page, "ask-too-large-1280-light")


def test_a_range_without_candles_says_so(page: Page) -> None:
    page.get_by_label("From UTC").fill("2010-01-01")
    page.get_by_label("To (exclusive) UTC").fill("2010-06-01")
    page.get_by_role("button", name=RUN).click()

    expect(page.get_by_role("alert")).to_contain_text("no candles are stored for this range")
    keep_picture(page, "results-no-candles-1280-light")


def test_a_lost_connection_keeps_the_form(page: Page) -> None:
    expect(page.get_by_role("button", name=RUN)).to_be_visible()
    page.context.set_offline(offline=True)
    page.get_by_label("window, step").first.fill("20")
    expect(page.locator(".cost")).to_contain_text("No connection")
    page.context.set_offline(offline=False)
    page.get_by_label("window, step").first.fill("30")

    expect(page.get_by_role("button", name=RUN)).to_be_enabled()


def test_who_is_not_signed_in_is_told_how_to_be(page: Page) -> None:
    expect(page.get_by_role("button", name=RUN)).to_be_visible()
    page.context.clear_cookies()
    page.get_by_role("link", name="Saved").click()

    expect(page.get_by_role("heading", name="Not signed in")).to_be_visible()
    keep_picture(page, "signed-out-1280-light")


REFUSALS = {
    "deadline_exceeded": ("The run took too long", {"deadline_seconds": 60}),
    "overloaded": ("The service is busy", {"retry_after_s": 5}),
    "unavailable": ("The service is temporarily unavailable", {}),
    "unexpected_error": ("Something went wrong in the service", {"error_id": "7f3a"}),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_says_what_to_do(page: Page, code: str) -> None:
    title, details = REFUSALS[code]
    refusal = {"message": "It was refused", "extensions": {"code": code, "details": details}}
    expect(page.get_by_role("button", name=RUN)).to_be_visible()
    page.route("**/graphql", lambda route: route.fulfill(status=503, json={"errors": [refusal]}))
    page.get_by_role("button", name=RUN).click()

    expect(page.get_by_role("heading", name=title)).to_be_visible()
    keep_picture(page, f"refused-{code}-1280-light")
    page.unroute("**/graphql")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Best variants")).to_be_visible()


def test_without_candles_the_page_says_how_to_get_some(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        page.route("**/graphql", _without_instruments)
        page.goto("/")

        expect(page.get_by_role("heading", name="No candles yet")).to_be_visible()
        keep_picture(page, "no-candles-1280-light")


def _without_instruments(route: Any) -> None:
    if "instruments" in (route.request.post_data or ""):
        route.fulfill(json={"data": {"instruments": []}})
    else:
        route.continue_()


def test_a_run_can_be_cancelled(page: Page) -> None:
    ask_for_much(page)
    page.get_by_role("button", name=RUN).click()
    keep_picture(page, "running-1280-light")
    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    answer = asked(page, "{ runtimeDefaults { topK } }", {})
    assert answer["data"]["runtimeDefaults"]["topK"] > 0


def test_the_keyboard_is_enough(page: Page) -> None:
    expect(page.get_by_role("button", name=RUN)).to_be_visible()
    press_at(page, "button.main[type=submit]")
    expect(page.get_by_role("heading", name="Best variants")).to_be_visible()
    press_at(page, ".list td.what a")
    expect(page.locator(".chart canvas").first).to_be_visible()
    press_at(page, ".trades button")

    expect(page.get_by_role("button", name="Whole range")).to_be_visible()


def press_at(page: Page, target: str) -> None:
    """Go on with Tab until something has the focus, then press Enter."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("(target) => document.activeElement.matches(target)", target):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab does not reach {target}")


LOOKS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]


@pytest.mark.parametrize(
    ("size", "scheme"), LOOKS, ids=[f"{size[0]}-{scheme}" for size, scheme in LOOKS]
)
def test_every_screen_fits_and_can_be_read(
    browser: Browser, address: str, size: tuple[int, int], scheme: Scheme
) -> None:
    with opened(browser, address, size=size, scheme=scheme) as page:
        page.goto("/")
        expect(page.get_by_role("button", name=RUN)).to_be_visible()
        judge(page, f"ask-{size[0]}-{scheme}")
        run(page)
        page.get_by_label("Pin variant 1 to compare").check()
        page.get_by_label("Pin variant 2 to compare").check()
        judge(page, f"results-{size[0]}-{scheme}")
        open_best(page)
        page.get_by_role("button", name="Show trade 3 in the chart").click()
        judge(page, f"trade-{size[0]}-{scheme}")
        page.get_by_role("button", name="Whole range").click()
        judge(page, f"variant-{size[0]}-{scheme}")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("link", name="To the saved strategies").click()
        page.get_by_role("button", name="Run again").first.click()
        judge(page, f"saved-{size[0]}-{scheme}")
        page.get_by_role("link", name="History").click()
        expect(page.get_by_role("region", name="Runs of this browser")).to_be_visible()
        judge(page, f"history-{size[0]}-{scheme}")
