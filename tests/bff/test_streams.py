"""Commands whose output cannot show everything, or goes nowhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bff.demo.visit import running_server
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
LOGGING = """
import logging, subprocess, sys
from bff import cli
from bff.telemetry.dropping_stream import never_wait_for_stderr
from bff.telemetry.logs import configure_logs

def app():
    never_wait_for_stderr()
    configure_logs(sys.argv[1])
    logging.getLogger("x").warning("nobody reads this")
    subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('nor this')"], check=True)
    print("done")

cli.app = app
cli.main()
"""
SERVER = r"""#!/bin/sh
printf 'latin-1: \351, UTF-8: \342\200\246\nServing on http://127.0.0.1:1 \n' >&2
exec sleep 600
"""


# A stream of ASCII is taken for one that nobody has configured, and gets UTF-8.
@pytest.mark.parametrize(
    ("encoding", "written"),
    [("latin-1", b"Europe/Berlin, ?"), ("ascii", "Europe/Berlin, …".encode())],
)
def test_a_sign_that_the_terminal_does_not_have_ends_nothing(encoding: str, written: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bff", "candles", "import", "--help"],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert written in done.stdout


@pytest.mark.parametrize(
    ("face", "name"), [("graphql", "schema.graphql"), ("openapi", "openapi.json")]
)
def test_a_document_is_utf_8_whatever_the_terminal_has(face: str, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bff", "schema", face],
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=True,
    )

    assert done.stdout == (ROOT / "schema" / name).read_bytes()


@pytest.mark.parametrize("env", ["dev", "test"])
def test_a_standard_error_that_is_closed_ends_nothing(env: str) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" "$2" 2>&-', sys.executable, LOGGING, env],
        stdout=subprocess.PIPE,
        check=False,
        timeout=PATIENCE_S,
    )

    assert (done.returncode, done.stdout) == (0, b"done\n")


def test_the_demo_reads_what_its_server_says_in_whatever_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = tmp_path / "server"
    server.write_text(SERVER, encoding="ascii")
    server.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(server))

    with running_server(lambda _: None) as address:
        assert address == "http://127.0.0.1:1"
