"""Every format: recognised by content, and back to the bit however its rows are ordered."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backtest.adapters.candles.connection import ClickHousePool
from backtest.adapters.candles.table import latest_minutes
from backtest.adapters.ingest.formats import FORMATS
from backtest.adapters.ingest.importer import CheckedFile, check_file, write_file
from tests.backtest.adapters.candle_texts import FIRST_MS
from tests.backtest.adapters.ingest.examples import EXAMPLES, MINUTE, PAGE, Candle, Example, page
from tests.backtest.adapters.minutes import a_new_instrument

ROWS = [
    pytest.param(name, example, id=f"{name} {i}")
    for name, examples in EXAMPLES.items()
    for i, example in enumerate(examples)
]


def candles(seed: int, n: int) -> list[Candle]:
    """Minutes with gaps and with prices of every number of digits; the first two are neighbours."""
    rng = np.random.default_rng(seed)
    steps = np.concatenate(([0, 1], rng.choice([1, 1, 1, 2, 7], n - 2))).cumsum()
    scale, digits = 10.0 ** rng.integers(-3, 4), int(rng.integers(3, 9))
    found: list[Candle] = []
    for step in steps.tolist():
        low, first, second, high = sorted((scale * (1 + rng.random(4))).round(digits).tolist())
        opened, closed = (first, second) if rng.random() < 0.5 else (second, first)
        volume = float(rng.lognormal(3, 1).__round__(digits)) + 1.0
        found.append(Candle(FIRST_MS + step * MINUTE, opened, high, low, closed, volume))
    return found


def checked(example: Example, path: Path) -> CheckedFile:
    found = check_file(path, lambda *_: None, example.asked)
    assert (found.problems, found.n_refused) == ((), 0), (
        found.format,
        found.problems,
        found.reasons,
    )
    return found


def kept(found: CheckedFile, example: Example) -> list[Candle]:
    """The candles that would be written, in the order of their times."""
    rows: list[Candle] = []
    n_before = 0
    for minutes in found.spool:
        taken = minutes.take(found.is_kept[n_before : n_before + len(minutes)])
        n_before += len(minutes)
        names = ("open", "high", "low", "close", "volume_base")
        columns = (taken.columns[name].tolist() for name in names)
        rows += [Candle(*row) for row in zip(taken.ts_open.tolist(), *columns, strict=True)]
    return sorted(rows, key=lambda candle: candle.ms)


def expected(example: Example, originals: list[Candle]) -> list[Candle]:
    if not example.asked.zero_volume:
        return originals
    return [Candle(c.ms, c.open, c.high, c.low, c.close, 0.0) for c in originals]


@pytest.mark.parametrize(("name", "example"), ROWS)
def test_a_format_is_recognised_by_its_content(tmp_path: Path, name: str, example: Example) -> None:
    path = example.write(tmp_path / "no name to go by", candles(1, 50))

    assert checked(example, path).format.startswith(f"{name} (")


@pytest.mark.parametrize(("name", "example"), ROWS)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), n=st.integers(3, 200))
def test_every_candle_comes_back_to_the_bit(
    tmp_path: Path, name: str, example: Example, seed: int, n: int
) -> None:
    originals, rng = candles(seed, n), np.random.default_rng(seed)
    chunks = [originals[i : i + 17] for i in range(0, n, 17)]
    rng.shuffle(chunks)  # pyright: ignore[reportArgumentType]
    written = [candle for chunk in chunks for candle in chunk]
    written += [originals[i] for i in rng.integers(0, n, n // 5)]

    found = checked(example, example.write(tmp_path / "candles", written))

    assert kept(found, example) == expected(example, originals)
    assert found.n_repeated == n // 5


def as_zip(content: bytes, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("AAA-1m-2024-01.csv", content)
        archive.writestr("__MACOSX/._AAA-1m-2024-01.csv", b"\0\5\26\7")


def as_zstd(content: bytes, path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(content)


PACKERS: dict[str, Callable[[bytes, Path], object]] = {
    "gzip": lambda content, path: path.write_bytes(gzip.compress(content)),
    "zstd": as_zstd,
    "zip with what a Mac leaves": as_zip,
}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", ["columns by name", "nautilus", "freqtrade"])
def test_a_packed_file_is_the_file(tmp_path: Path, packer: str, name: str) -> None:
    example = EXAMPLES["Nautilus bars" if name == "nautilus" else name][0]
    originals = candles(2, 40)
    content = example.write(tmp_path / "plain", originals).read_bytes()
    PACKERS[packer](content, tmp_path / "packed")

    assert kept(checked(example, tmp_path / "packed"), example) == originals


def test_the_store_holds_what_the_file_held(pool: ClickHousePool, tmp_path: Path) -> None:
    example, originals = EXAMPLES["Binance klines, no header"][0], candles(3, 500)
    instrument = a_new_instrument()
    found = checked(example, example.write(tmp_path / "candles", originals[::-1]))

    write_file(pool, instrument, found, lambda *_: None, 1)

    stored = latest_minutes(pool, instrument, start_ms=0, stop_ms=4 * 10**12)
    columns = (stored.prices[n].tolist() for n in ("open", "high", "low", "close", "volume_base"))
    rows = [Candle(*row) for row in zip(stored.ts_open.tolist(), *columns, strict=True)]
    assert rows == originals


def test_every_format_has_an_example() -> None:
    assert list(EXAMPLES) == [form.name for form in FORMATS]


def test_the_page_has_the_formats_of_today() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert text == page(text), "run python -m tests.backtest.adapters.ingest.examples"
