"""What is said of the device, and where."""

import pytest
import structlog

from bff import wiring
from bff.commands.check import _device


def test_a_command_keeps_its_output_for_its_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(structlog, "is_configured", lambda: False)

    wiring._report_device("scoring on the CPU: there is no CUDA driver", False)
    wiring._report_device("scoring on the CPU: it fell off the bus", True)

    assert capsys.readouterr() == ("", "scoring on the CPU: it fell off the bus\n")


@pytest.mark.parametrize(("is_bad", "level"), [(False, "info"), (True, "warning")])
def test_a_service_says_it_in_its_log(
    is_bad: bool, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(structlog, "is_configured", lambda: True)

    with structlog.testing.capture_logs() as lines:
        wiring._report_device("scoring on a device", is_bad)

    assert lines == [{"event": "device", "state": "scoring on a device", "log_level": level}]


def test_check_says_what_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtest.engine.find_device.find_spec", lambda _: None)

    assert _device("cpu") == "scoring on the CPU"
    assert _device("auto") == "scoring on the CPU: the extra cuda is not installed"
