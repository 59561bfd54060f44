"""What the console shows where the service really refuses: no answer here is made up."""

import itertools
import os
import re
import signal
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, expect

from schema.examples import USER
from tests.bff.served import ROOT, Served, children, serving
from tests.waiting import wait_for
from trials.console.browser import (
    ask_for_much,
    asked,
    command,
    opened,
)
from trials.console.steps import RUN, judge_twice

SOMEBODY_ELSE = UUID(int=7)
ONE_THREAD = {"ROEHUB_THREADS": "1"}
UNDER_WAY = "main .hint:has-text('parts of this step')"


@contextmanager
def console(
    browser: Browser, data: Path, *changes: tuple[str, str], **environ: str
) -> Generator[Page]:
    """The console of a service with a changed configuration: lines, and what replaces them."""
    with console_and_service(browser, data, *changes, **environ) as (page, _):
        yield page


@contextmanager
def console_and_service(
    browser: Browser, data: Path, *changes: tuple[str, str], **environ: str
) -> Generator[tuple[Page, Served]]:
    """The same, and the service itself."""
    text = (ROOT / "configs/dev/backtest.yaml").read_text(encoding="utf-8")
    for line, changed in changes:
        assert line in text
        text = text.replace(line, changed)
    file = data / "backtest.yaml"
    file.write_text(text, encoding="utf-8")
    environ |= {"ROEHUB_ENV": "dev", "ROEHUB_BACKTEST_CONFIG": str(file)}
    with ExitStack() as open_:
        served = open_.enter_context(serving(data, module="bff", **environ))
        page = open_.enter_context(opened(browser, served.address))
        page.goto("/")
        yield page, served


@contextmanager
def halted(served: Served) -> Generator[None]:
    """Let a run that is under way stand still, on however fast a machine."""
    (runs,) = children(served.process.pid)
    os.kill(runs, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(runs, signal.SIGCONT)


def told(page: Page, title: str, name: str) -> None:
    expect(page.get_by_role("alert").get_by_role("heading", name=title)).to_be_visible()
    judge_twice(page, f"real-{name}")


def test_a_run_past_its_deadline_says_what_to_make_smaller(browser: Browser, data: Path) -> None:
    deadline = ("sync_deadline_seconds: 600", "sync_deadline_seconds: 30")
    with console_and_service(browser, data, deadline, **ONE_THREAD) as (page, served):
        ask_for_much(page)
        page.get_by_role("button", name=RUN).click()
        expect(page.locator(UNDER_WAY)).to_be_visible()

        with halted(served):
            expect(page.get_by_role("alert")).to_be_visible()
        told(page, "The run took too long", "deadline")
        expect(page.get_by_role("alert")).to_contain_text("Make a range coarser")
        page.get_by_role("link", name="Back to the form").click()
        expect(page.get_by_role("textbox", name="window, step").first).to_have_value("1")


def test_who_asks_too_often_is_told_when_to_try_again(browser: Browser, data: Path) -> None:
    limit = ("requests_per_user_minute: null", "requests_per_user_minute: 5")
    with console(browser, data, limit) as page:
        expect(page.get_by_role("button", name=RUN)).to_be_visible()
        users = (UUID(int=n) for n in itertools.count(100))
        wait_for(lambda: is_over_the_limit(page, data, next(users)))

        told(page, "You have used up your own limit", "quota")
        expect(page.get_by_role("alert")).to_contain_text(re.compile("Try again in [0-9]+ second"))


def is_over_the_limit(page: Page, data: Path, user: UUID) -> bool:
    """Whether a run of somebody new is refused once they have asked for all that they may ask.

    A page that is slow may find that one more request is allowed again.
    """
    sign_in(page, data, user)
    if page.locator(".tiles").first.is_visible():
        with page.expect_response(lambda answer: "estimate" in (answer.request.post_data or "")):
            page.go_back()
    while "errors" not in (answer := asked(page, "{ runtimeDefaults { topK } }", {})):
        pass
    assert answer["errors"][0]["extensions"]["code"] == "rate_limited"
    page.get_by_role("button", name=RUN).click()
    refused = page.get_by_role("alert")
    expect(refused.or_(page.locator(".tiles").first)).to_be_visible()
    return refused.is_visible()


def test_a_service_whose_places_are_taken_says_so_and_takes_the_run_when_one_is_free(
    browser: Browser, data: Path
) -> None:
    one_place = (
        ("running_runs: null", "running_runs: 1"),
        ("waiting_runs: 16", "waiting_runs: 0"),
    )
    with console(browser, data, *one_place, **ONE_THREAD) as page:
        first = page.context.new_page()
        first.goto("/")
        ask_for_much(first)
        first.get_by_role("button", name=RUN).click()
        expect(first.locator(UNDER_WAY)).to_be_visible()
        page.reload()  # the form is the one that the other page has filled in
        page.get_by_role("button", name=RUN).click()

        told(page, "The service is busy", "overloaded")
        expect(page.get_by_role("alert")).to_contain_text(re.compile("Try again in [0-9]+ second"))
        first.get_by_role("button", name="Cancel").click()
        expect(first.get_by_role("heading", name="Cancelled")).to_be_visible()
        wait_for(lambda: has_a_place(page))
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()


def has_a_place(page: Page) -> bool:
    """Whether a run is under way now; the one that was cancelled has its place until it ends."""
    again, running = page.get_by_role("button", name="Try again"), page.locator(UNDER_WAY)
    again.click()
    expect(again.or_(running)).to_be_visible()
    return running.is_visible()


def test_a_store_that_does_not_answer_is_told_and_can_be_tried_again(
    browser: Browser, data: Path
) -> None:
    with console(browser, data, CH_HOST="127.0.0.1", CH_PORT="1") as page:
        told(page, "The service is temporarily unavailable", "store")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_strategy_of_somebody_else_a_deleted_one_and_a_token_that_has_expired(
    browser: Browser, data: Path
) -> None:
    with console(browser, data) as page:
        page.get_by_role("button", name=RUN).click()
        page.locator(".list td.what a").first.click()
        page.get_by_role("textbox", name="Name").fill("refused")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("link", name="To the saved strategies").click()
        page.get_by_role("button", name="Run again").click()

        sign_in(page, data, SOMEBODY_ELSE)
        page.get_by_role("button", name="Run", exact=True).click()
        told(page, "This strategy belongs to somebody else", "forbidden")

        sign_in(page, data, USER)
        (line,) = asked(page, "{ strategies { strategyId } }", {})["data"]["strategies"]
        delete = "mutation ($id: UUID!) { deleteStrategy(strategyId: $id) }"
        asked(page, delete, {"id": line["strategyId"]})
        page.get_by_role("button", name="Run", exact=True).click()
        told(page, "This strategy no longer exists", "not-found")

        sign_in(page, data, USER, "--ttl", "1")
        wait_for(lambda: page.evaluate(STATUS) == 401)
        page.get_by_role("button", name="Run", exact=True).click()
        told(page, "Not signed in", "expired")


# The service has no event for a token that expires: it is asked until it says so.
STATUS = """async () => {
  const headers = {"Content-Type": "application/json"};
  const body = JSON.stringify({query: "{ runtimeDefaults { topK } }"});
  return (await fetch("/graphql", {method: "POST", headers, body})).status;
}"""


def sign_in(page: Page, data: Path, user: UUID, *options: str) -> None:
    """Let the identity service's cookie be that of another token."""
    made: subprocess.CompletedProcess[str] = command(
        data, "token", "--user-id", str(user), *options
    )
    assert made.returncode == 0, made.stderr
    known = next(one for one in page.context.cookies() if one.get("httpOnly"))
    page.context.add_cookies([known | {"value": made.stdout.strip()}])  # pyright: ignore[reportArgumentType]
