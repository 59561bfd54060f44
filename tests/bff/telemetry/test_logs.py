import json
import logging
from typing import get_args

import pytest
import structlog

from bff.config.environment import Env
from bff.telemetry.logs import configure_logs


def test_outside_dev_each_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("prod")

    structlog.stdlib.get_logger("ours").info("run_finished", n_variants=3)
    logging.getLogger("theirs").warning("two\nlines")

    printed = capsys.readouterr()
    ours, theirs = (json.loads(line) for line in printed.err.splitlines())
    assert (ours["event"], ours["n_variants"], ours["level"]) == ("run_finished", 3, "info")
    assert theirs["event"] == "two\nlines"
    assert printed.out == ""


def test_a_stack_is_data_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("prod")

    structlog.stdlib.get_logger("ours").error("unexpected_error", exc_info=ValueError("cause"))

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["exception"][0]["exc_value"] == "cause"


@pytest.mark.parametrize("env", get_args(Env))
def test_a_stack_tells_no_value_of_a_variable(env: Env, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(env)
    token = "a-secret-" + "token"

    try:
        _fail(token)
    except ZeroDivisionError:
        structlog.stdlib.get_logger("ours").exception("unexpected_error")

    printed = capsys.readouterr().err
    assert "_fail" in printed
    assert token not in printed


def _fail(token: str) -> float:
    return len(token) / 0
