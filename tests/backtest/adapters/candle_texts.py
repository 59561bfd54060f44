"""Builders of candle files as they are found in the wild."""

import gzip
import zipfile
from collections.abc import Iterable
from pathlib import Path

HEADER = "open_time,open,high,low,close,volume"
FIRST_MS = 1_704_067_200_000
TIMES = [FIRST_MS + 60_000 * i for i in range(3)]
ROWS = ["10,12,9,11,1.5", "11,13,10,12,2.5", "12,14,11,13,0"]


def generic(times: Iterable[object] = TIMES, header: str = HEADER) -> str:
    lines = [f"{time},{row}" for time, row in zip(times, ROWS, strict=True)]
    return "\n".join([header, *lines]) + "\n"


def kline(unit: int = 1, *, header: str = "") -> str:
    tail = "{close},15.5,7,0.5,5.5,0"
    lines = [
        f"{time * unit},{row},{tail.format(close=time * unit + 60_000 * unit - 1)}"
        for time, row in zip(TIMES, ROWS, strict=True)
    ]
    return header + "\n".join(lines) + "\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def write_gzip(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()))
    return path


def write_zip(path: Path, **texts: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(f"{name}.csv", text)
    return path
