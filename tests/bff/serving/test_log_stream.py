"""Outside dev every line of the log stream is one JSON object, whoever wrote it."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bff.http.tokens import issue_token
from tests.bff.doubles import GOOD, USER
from tests.bff.served import Served, serving, start_that_ends
from tests.waiting import PATIENCE_S

SECRET = "s" * 32
QUESTION = {"query": "{ runtimeDefaults { topK } }"}
PROD = {
    "ROEHUB_ENV": "prod",
    "IDENTITY_JWT_SECRET": SECRET,
    "ROEHUB_CANDLES": "embedded",
    "ROEHUB_STRATEGIES": "embedded",
}


def events(lines: Sequence[str]) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in lines]
    assert all(isinstance(event, dict) and event["event"] for event in found)
    return found


def everything_told(served: Served) -> list[str]:
    assert served.process.stderr is not None
    return (served.told + served.process.stderr.read()).splitlines()


def asked(address: str, body: object, good: str | None = None) -> int:
    headers = {"Content-Type": "application/json"}
    if good is not None:
        headers["Authorization"] = f"Bearer {good}"
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_from_start_to_stop_each_line_is_one_json_object(tmp_path: Path) -> None:
    environ = PROD
    good = issue_token(SECRET, user_id=USER, paid_level="pro", ttl_s=600)
    options = ("--metrics-port", "0")

    with serving(tmp_path, *options, module="tests.bff.serving.noisy", **environ) as served:
        statuses = [
            asked(f"{served.address}/backtests", {}),
            asked(f"{served.address}/graphql/", QUESTION, good),
            asked(f"{served.address}/graphql", {"query": "{"}, good),
            asked(f"{served.address}/backtests", GOOD, good),
        ]
        served.process.send_signal(signal.SIGTERM)
        lines = everything_told(served)
        assert served.process.wait(PATIENCE_S) == 0

    assert statuses == [401, 200, 400, 500]
    told = events(lines)
    by_event = {event["event"]: event for event in told}
    paths = [event["path"] for event in told if event["event"] == "request"]
    assert paths == ["/backtests", "/graphql", "/graphql", "/backtests"]
    assert {"a library", "printed twice", "a library complained", "thread_failed"} <= set(by_event)
    assert any("a library warned" in event["event"] for event in told)
    assert by_event["thread_failed"]["thread"] == "short-lived"
    assert by_event["unexpected_error"]["exception"][0]["exc_value"] == "a bug\nof two lines"
    assert any(event["event"].startswith("Serving on http") for event in told)


@pytest.mark.parametrize(
    ("options", "environ", "words"),
    [
        ((), {"IDENTITY_JWT_SECRET": "short"}, "IDENTITY_JWT_SECRET"),
        (
            ("--wait-for-stores", "0"),
            {"CH_HOST": "127.0.0.1", "CH_PORT": "1", "ROEHUB_CANDLES": ""},
            "The candle store is not available",
        ),
        (("--host", "192.0.2.1"), {}, "Cannot listen on"),
    ],
    ids=["settings", "no store", "no such address"],
)
def test_a_start_that_fails_says_why_in_json(
    tmp_path: Path, options: tuple[str, ...], environ: dict[str, str], words: str
) -> None:
    known = PROD | {"ROEHUB_DATA_DIR": str(tmp_path)}

    ended = start_that_ends(*options, **(known | environ))

    assert ended.returncode != 0
    assert words in str(events(ended.stderr.splitlines()))
    assert ended.stdout == ""


def test_what_ends_the_process_is_told_in_json() -> None:
    script = (
        "from bff.telemetry.streams import logged_process\n"
        "with logged_process('prod'):\n"
        "    raise RuntimeError('the end')\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    (event,) = events(ended.stderr.splitlines())
    assert ended.returncode == 1
    assert (event["event"], event["level"]) == ("process_failed", "critical")
    assert event["exception"][0]["exc_value"] == "the end"
