"""Every example that is printed anywhere runs as printed, on what `demo` has stored."""

import html
import json
import os
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from bff.pages import shell_example
from schema.examples import GRID
from tests.bff.served import ROOT, serving
from tests.waiting import PATIENCE_S

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = ".venv/bin/roehub-backtest"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A server with the demo's data."""

    address: str
    environ: dict[str, str]

    def page(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path, timeout=PATIENCE_S) as answer:
            return answer.read().decode()

    def token(self, *arguments: str) -> str:
        return bff(self.environ, *arguments).strip()

    def post(self, url: str, body: str, token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, body.encode(), headers)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.loads(answer.read())

    def run_shell(self, example: str, *, printed_for: str) -> Any:
        """Do what both lines of a shell example say; `printed_for` is the address in it."""
        make_token, _, curl = example.partition("\n")
        command = shlex.split(make_token.removeprefix("TOKEN=$(").removesuffix(")"))
        words = shlex.split(curl.replace("\\\n", ""))  # lines that go on
        assert words[:2] == ["curl", "-s"]
        assert words[3:8] == [
            "-H", "Authorization: Bearer $TOKEN", "-H", "Content-Type: application/json", "-d",
        ]  # fmt: skip
        url = words[2].replace(printed_for, self.address)
        return self.post(url, words[8], self.token(*command[command.index("token") :]))

    @cached_property
    def users_token(self) -> str:
        return self.token("token", "--user-id", "00000000-0000-4000-8000-000000000001")

    def ask(self, query: str, variables: Any = None) -> Any:
        body = json.dumps({"query": query, "variables": variables})
        answer = self.post(f"{self.address}/graphql", body, self.users_token)
        assert "errors" not in answer, answer
        return answer["data"]


def bff(environ: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bff", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("demo")
    return {"ROEHUB_ENV": "dev", "ROEHUB_DATA_DIR": str(folder)}


@pytest.fixture(scope="module")
def told(environ: dict[str, str]) -> str:
    """What the demo prints."""
    return bff(environ, "demo")


@pytest.fixture(scope="module")
def site(environ: dict[str, str], told: str) -> Iterator[Site]:
    assert "The best variant, saved as" in told
    with serving(Path(environ["ROEHUB_DATA_DIR"]), **environ) as served:
        yield Site(address=served.address, environ=environ)


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n((?:TOKEN|mutation).*?)\n```", README, re.DOTALL)
    return found


@pytest.fixture(scope="module")
def answer(site: Site) -> Any:
    """What the README's shell example gets."""
    return site.run_shell(block("sh"), printed_for="http://127.0.0.1:8080")


def test_the_readme_prints_the_one_example() -> None:
    assert block("sh") == shell_example("http://127.0.0.1:8080", COMMAND)


def test_the_readme_prints_what_the_demo_prints(told: str) -> None:
    """But for what the machine decides, the curve, and the heads of columns."""
    (printed,) = re.findall(r"```text\n(.*?)\n```", README, re.DOTALL)
    not_compared = re.compile(r"listening on|^REST|in all; the server|^Preparing|^ #|[▁▂▃▄▅▆▇█]")

    lines = [line for line in printed.splitlines() if not not_compared.search(line)]
    parts = [
        part for line in lines for part in re.split(r"…|\.data", line)
    ]  # "…" cuts a line short

    assert len(lines) > 10
    assert [part for part in parts if _squeezed(part) not in _squeezed(told)] == []


def _squeezed(text: str) -> str:
    """Without the lines of a table, and however wide it is."""
    return re.sub(r"[\s|│]+", " ", text).strip()


def test_the_best_variant_of_the_example_is_no_absurdity(answer: Any) -> None:
    best = answer["variants"][0]["total_return_pct"]

    assert len(answer["variants"]) == 5
    assert 0 < best < 100


def test_both_faces_of_the_readme_ask_for_the_same(site: Site, answer: Any) -> None:
    graphql = site.ask(block("graphql"))["runBacktest"]

    assert graphql["gridRequestHash"] == answer["grid_request_hash"]
    assert [(v["variantKey"], v["totalReturnPct"]) for v in graphql["variants"]] == [
        (v["variant_key"], v["total_return_pct"]) for v in answer["variants"]
    ]


def test_the_start_page_runs_as_printed(site: Site, answer: Any) -> None:
    (code,) = re.findall(r"<code>(TOKEN.*?)</code></pre>", site.page("/"), re.DOTALL)

    assert site.run_shell(html.unescape(code), printed_for=site.address) == answer


def test_every_document_of_the_graphql_page_is_answered(site: Site, answer: Any) -> None:
    # In an attribute of the small page, or in an element of GraphiQL where that is built.
    where = r'(?:data-bodies="|<pre id="examples" hidden>)([^"<]*)'
    (bodies,) = re.findall(where, site.page("/graphql"))
    examples = json.loads(html.unescape(bodies))

    answers = [site.ask(body["query"], body["variables"]) for body in examples.values()]

    assert answers[0]["runBacktest"]["gridRequestHash"] == answer["grid_request_hash"]


def test_every_example_of_the_rest_page_is_answered(site: Site, answer: Any) -> None:
    document = json.loads(site.page("/openapi.json"))
    content = document["paths"]["/backtests"]["post"]["requestBody"]["content"]
    examples = content["application/json"]["examples"]

    answers = {
        name: site.post(f"{site.address}/backtests", json.dumps(example["value"]), site.users_token)
        for name, example in examples.items()
    }

    assert examples["ad_hoc"]["value"] == GRID
    assert answers["ad_hoc"] == answer
    assert answers["saved"]["mode"] == "saved"
