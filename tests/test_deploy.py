"""What lies in `deploy/` is about this service: its metrics, its options, its settings."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from bff.cli import app
from bff.http.errors import Code
from tests.bff.doubles import services

DEPLOY = Path(__file__).parents[1] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
DASHBOARD = DEPLOY / "grafana" / "roehub-backtest.json"
NAME = re.compile(r"\b(?:roehub|process)_[a-z_]+")
SUFFIX = re.compile(r"_(total|bucket|sum|count)$")
SERVE = re.compile(r"roehub-backtest\"?,? \"?serve(.*?)(?:\]|$)", re.MULTILINE | re.DOTALL)


def published() -> set[str]:
    """Names of the families that `/metrics` has, without the suffixes of samples."""
    pytest.importorskip("prometheus_client")
    from bff.serving.metrics import Metrics  # noqa: PLC0415 - an optional extra

    page = Metrics({"runs": services().runs}, lambda: 1).page().decode()
    return {SUFFIX.sub("", name) for name in re.findall(r"^# TYPE (\S+)", page, re.MULTILINE)}


def expressions() -> list[str]:
    rules = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return alerts + [target["expr"] for panel in panels for target in panel["targets"]]


def test_alerts_and_panels_ask_for_metrics_that_exist() -> None:
    asked = {SUFFIX.sub("", name) for text in expressions() for name in NAME.findall(text)}

    assert len(asked) >= 6
    assert asked <= published()


def test_alerts_ask_for_codes_that_exist() -> None:
    asked = {code for text in expressions() for code in re.findall(r'code="(\w+)"', text)}

    assert asked
    assert asked <= {code.value for code in Code}


@pytest.mark.parametrize(
    ("words", "file"),
    [(("check", "config"), "prometheus.yml"), (("test", "rules"), "alerts_test.yml")],
)
def test_prometheus_takes_the_files_and_alerts_ring(words: tuple[str, ...], file: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool on this machine")

    checked = subprocess.run(
        [promtool, *words, PROMETHEUS / file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", ["Containerfile", "systemd/roehub-backtest@.service"])
def test_serve_knows_the_options_it_is_started_with(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    (started,) = SERVE.findall(text)

    asked = set(re.findall(r"--[a-z-]+", started))
    known = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200"}).stdout

    assert asked
    assert all(option in known for option in asked)


def test_every_alert_is_tried() -> None:
    rules = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))
    trials = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]

    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    rung = {
        case["alertname"]
        for trial in trials
        for case in trial["alert_rule_test"]
        if case.get("exp_alerts")
    }

    assert rung == alerts


def test_units_wait_for_the_drain() -> None:
    drain_s = services().settings.server.drain_seconds
    unit = (DEPLOY / "systemd" / "roehub-backtest@.service").read_text(encoding="utf-8")
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))

    stop_s = int(re.findall(r"TimeoutStopSec=(\d+)", unit)[0])
    grace_s = int(compose["services"]["backtest"]["stop_grace_period"].removesuffix("s"))

    assert min(stop_s, grace_s) >= drain_s + 5
