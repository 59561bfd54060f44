"""What lies in `deploy/`, each file before the program that is to read it."""

import re
from pathlib import Path

from benchmarks.machine import ROOT
from trials.deploy.programs import program, said
from trials.deploy.record import Record

DEPLOY = ROOT / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
SECRETS = {"CH_PASSWORD": "a", "PG_PASSWORD": "b", "IDENTITY_JWT_SECRET": "c" * 32}


def try_files(record: Record, folder: Path) -> None:
    """Before anything is built."""
    record.tried("compose file", "`docker-compose config`", _compose, "docker-compose")
    record.tried(
        "unit",
        "`systemd-analyze verify`, with `/bin/true` in place of the program",
        lambda: _unit(folder),
        "systemd-analyze",
    )
    record.tried("Caddyfile", "`caddy validate`", _caddyfile, "caddy")
    record.tried(
        "Prometheus",
        "`promtool check config`, `promtool test rules`: each alert rings, and is quiet",
        _prometheus,
        "promtool",
    )


def _compose() -> str:
    words = [str(program("docker-compose")), "-f", str(DEPLOY / "compose.yaml"), "config"]
    shown = said(words, env=SECRETS | {"PATH": "/usr/bin:/bin"})
    n_services = len(re.findall(r"^    image: ", shown, re.MULTILINE))
    return f"its schema is kept: {n_services} services"


def _unit(folder: Path) -> str:
    unit = folder / "roehub-backtest@0.service"
    text = (DEPLOY / "systemd" / "roehub-backtest@.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/roehub/bin/roehub-backtest", "/bin/true"), encoding="utf-8")
    told = said(["systemd-analyze", "verify", str(unit)])
    lines = [line for line in told.splitlines() if unit.name in line]
    assert not lines, lines
    return "nothing to say"


def _caddyfile() -> str:
    words = ["validate", "--config", str(DEPLOY / "caddy" / "Caddyfile"), "--adapter", "caddyfile"]
    told = said([str(program("caddy")), *words])
    assert "Valid configuration" in told, told
    return "valid"


def _prometheus() -> str:
    promtool = str(program("promtool"))
    said([promtool, "check", "config", str(PROMETHEUS / "prometheus.yml")])
    said([promtool, "test", "rules", str(PROMETHEUS / "alerts_test.yml")])
    alerts = (PROMETHEUS / "alerts.yml").read_text(encoding="utf-8")
    return f"good; {alerts.count('- alert:')} alerts"
