"""In a kernel of Jupyter a run shows a bar while it works, and then what was found."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.bff.served import ROOT
from tests.roehub.conftest import Places
from tests.waiting import PATIENCE_S

# Without widgets, which benchmarks install: they draw the bar in a browser, where nobody is.
SOURCE = """
import sys
sys.modules["ipywidgets"] = None
import roehub
roehub.run(instrument="binance:spot:BTCUSDT", timeframe="1h", start="2024-01-04", end="2024-01-20",
           indicators={"ma.ema": {"window": range(5, 60, 5)}}, store=STORE)
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_cell_shows_a_bar_and_then_the_result(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    text = SOURCE.replace("STORE", repr(str(places.store)))
    notebook: Any = nbformat.from_dict(
        {"cells": [_cell(text)], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    )

    patience_s = int(PATIENCE_S)
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=patience_s,
        startup_timeout=patience_s,
        iopub_timeout=patience_s,
    ).execute()

    outputs = notebook.cells[0].outputs
    bars = "".join(output.text for output in outputs if output.output_type == "stream")
    (shown,) = (output.data for output in outputs if output.output_type == "execute_result")
    assert "stage a" in bars
    assert "Warning" not in bars
    assert "BTCUSDT 1h: the best 11 of 11 variants" in shown["text/html"]


def _cell(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
