"""In which order a start asks its process of runs."""

import socket
from pathlib import Path
from typing import Any

import pytest

from bff.commands import serve
from bff.config.settings import Settings, load_settings
from bff.runner import client, local
from bff.serving import server


class Remembered:
    """Stands for everything that a start uses; notes what it is asked for."""

    asked: list[str]
    pid = None

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: self.asked.append(name)


def test_no_clock_runs_before_the_process_of_runs_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence would be taken for a process that hangs, and on a busy machine it starts slowly."""
    settings: Settings = load_settings({"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(tmp_path)})
    monkeypatch.setattr(Remembered, "asked", [], raising=False)
    monkeypatch.setattr(client, "RunnerProcess", Remembered)
    monkeypatch.setattr(server, "DrainingServer", Remembered)
    for module, name in ((local, "freeze_startup"), (server, "prefer_short_waits")):
        monkeypatch.setattr(module, name, lambda: None)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serve._serve(settings, listener, None, 0.0)

    assert Remembered.asked == ["start", "wait_until_started", "ping", "warm", "run", "close"]
