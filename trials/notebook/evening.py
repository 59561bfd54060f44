"""The cells of a first evening and what each must show; runs where only the wheel is installed.

See: docs/python.md
"""

import os
import re
import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

import nbformat
from nbclient import NotebookClient

CELL_S = 900
FRAME = """
import numpy as np, pandas as pd, roehub
rng = np.random.default_rng(1)
n = 24 * 200
close = np.round(30_000 * np.exp(np.cumsum(rng.normal(0, 0.006, n))), 2)
before = np.concatenate(([30_000], close[:-1]))
frame = pd.DataFrame({"open": before, "high": np.maximum(before, close),
                      "low": np.minimum(before, close), "close": close, "volume": 1.0},
                     index=pd.date_range("2024-01-01", periods=n, freq="h"))
"""
GRID = """
grid = dict(instrument="binance:spot:WALKUSDT", timeframe="4h", start="2024-02-15",
            end="2024-07-15", indicators={"ma.ema": {"window": range(5, 60, 5)},
            "roc": {"window": [8, 16]}}, stop_loss=[1.0, 2.0], include="evidence")
"""
LONG = """
result = roehub.run(instrument="binance:spot:WALKUSDT", timeframe="1h", start="2024-02-15",
    end="2024-07-15", indicators={"ma.ema": {"window": range(2, 400)},
    "roc": {"window": range(2, 300)}}, stop_loss=list(range(1, 6)), preselect=100_000,
    ranking="return_over_max_drawdown")
"""


@dataclass(frozen=True)
class Cell:
    """What is typed, and what must be seen; `is_wrong` where an error is what should be seen."""

    source: str
    sees: str
    is_wrong: bool = False


PUT = 'roehub.candles.put({}, "binance:spot:WALKUSDT", interval="1h"{})'
CELLS = (
    Cell(FRAME, ""),
    Cell("import time; t = time.perf_counter(); import roehub; time.perf_counter() - t", r"\d"),
    Cell(PUT.format("frame", ""), r'pass timezone="UTC"', is_wrong=True),
    Cell(PUT.format("frame.rename(columns={'close': 'final'})", ""), "no column for close", True),
    Cell(
        PUT.format("pd.concat([frame, frame.iloc[:1] * 2])", ', timezone="UTC"'),
        r"row 4800: ts_open must be unique, but row 0",
        is_wrong=True,
    ),
    Cell(
        'roehub.candles.put(frame, "binance:spot:WALKUSDT", timezone="UTC")',
        'pass interval="1h"',
        is_wrong=True,
    ),
    Cell(PUT.format("frame", ', timezone="UTC"'), "^4800$"),
    Cell(GRID + "result = roehub.run(**grid)\nresult", r"(?s)<b>WALKUSDT 4h: the best.*<table"),
    Cell("result", "Luck or skill: <b>"),
    Cell("result.plot()", "image/png"),
    Cell("result.plot_surface('ma.ema.window', 'sl_pct')", "image/png"),
    Cell("result.variants[['ema_window', 'total_return_pct']].head(2)", "ema_window"),
    Cell("import polars; polars.from_dataframe(result.variants).shape", r"\(44, \d+\)"),
    Cell("roehub.run(**{**grid, 'indicators': 'emaa'})", "did you mean ma.ema", is_wrong=True),
    Cell("roehub.run(**grid, stoploss=2)", "did you mean stop_loss", is_wrong=True),
    Cell("roehub.run(**{**grid, 'timeframe': '60m'})", "'15m', '1h'", is_wrong=True),
    Cell(
        "roehub.run(**{**grid, 'instrument': 'binance:spot:WALKUSD'})",
        "similar symbols in that market: WALKUSDT",
        is_wrong=True,
    ),
    Cell("roehub.run(**{**grid, 'start': '2025-01-01', 'end': '2026-01-01'})", "available:", True),
)
AFTER = Cell("roehub.run(**grid) == result", r"(?m)^True$")


def main() -> int:
    """Play every cell; how many did not show what they should."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.source) for cell in (*CELLS, AFTER)]
    )
    notebook.cells.append(nbformat.v4.new_code_cell(LONG))
    client = NotebookClient(notebook, timeout=CELL_S, allow_errors=True)
    failed = 0
    with client.setup_kernel():
        for place, cell in enumerate((*CELLS, AFTER)):
            failed += _played(client, place, cell)
        failed += _interrupted(client, len(CELLS) + 1)
        failed += _played(client, len(CELLS), AFTER)
    print("every cell shows what it should" if not failed else f"{failed} cells do not")
    return min(failed, 1)


def _played(client: Any, place: int, cell: Cell) -> bool:
    """Whether a cell does not show what it should."""
    begun_s = time.perf_counter()
    client.execute_cell(client.nb.cells[place], place)
    shown = _shown(client.nb.cells[place].outputs)
    is_error = any(output.output_type == "error" for output in client.nb.cells[place].outputs)
    is_seen = bool(re.search(cell.sees, shown)) and is_error == cell.is_wrong
    first = cell.source.strip().splitlines()[-1][:70]
    print(f"{'ok ' if is_seen else 'NOT'} {time.perf_counter() - begun_s:6.1f} s  {first}")
    print("".join(f"        {line[:150]}\n" for line in _told(shown)[:4]), end="", flush=True)
    return not is_seen


def _interrupted(client: Any, place: int) -> bool:
    """Stop a cell of minutes once it shows how far it is, as the button of a notebook does."""
    cell = client.nb.cells[place]
    begun: list[float] = []
    presser = threading.Thread(target=_press, args=(client.km.provisioner.pid, cell, begun))
    presser.start()
    client.execute_cell(cell, place)
    took_s = time.perf_counter() - (begun or [time.perf_counter()])[0]
    presser.join()
    shown = _shown(cell.outputs)
    is_seen = "KeyboardInterrupt" in shown and "%" in shown and "report" not in shown
    print(f"{'ok ' if is_seen else 'NOT'} {took_s:6.1f} s  from the interrupt to the end of a run")
    print("".join(f"        {line[:150]}\n" for line in _told(shown)[-4:]), end="", flush=True)
    return not is_seen


def _press(pid: int, cell: Any, begun: list[float]) -> None:
    ends_s = time.monotonic() + CELL_S
    while "stage" not in _shown(cell.outputs) and time.monotonic() < ends_s:
        time.sleep(0.05)
    begun.append(time.perf_counter())
    os.kill(pid, signal.SIGINT)


def _shown(outputs: Any) -> str:
    parts: list[str] = []
    for output in outputs:
        data = output.get("data", {})
        parts += [output.get("text", ""), data.get("text/html", data.get("text/plain", ""))]
        parts += [name for name in data if name.startswith("image/")]
        parts += [f"{output.get('ename', '')}: {output.get('evalue', '')}"]
    return "\n".join(part for part in parts if part.strip(": \n"))


def _told(shown: str) -> list[str]:
    plain = re.sub(r"<[^>]+>|\x1b\[[0-9;]*m", " ", shown)
    return [" ".join(line.split()) for line in re.split(r"[\r\n]+", plain) if line.strip()]


if __name__ == "__main__":
    sys.exit(main())
