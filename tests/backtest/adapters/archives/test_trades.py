"""Minutes from trades equal those of a plain loop, in whatever order the trades stand."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from backtest.adapters.archives import trades as module
from backtest.adapters.archives.trades import write_minutes_of_trades
from backtest.adapters.ingest.importer import BrokenFile
from tests.backtest.adapters.archives.archive_server import gzipped

FIRST_MS = 1_704_067_200_000
SPOT = "id,timestamp,price,volume,side,rpi"
FUTURES = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional"

Trade = tuple[int, float, float]


def made(tmp_path: Path, text: str) -> list[dict[str, float]]:
    source, target = tmp_path / "trades.csv.gz", tmp_path / "minutes.parquet"
    source.write_bytes(gzipped(text))
    write_minutes_of_trades(source, target)
    return parquet.read_table(target).to_pylist()


def spot(trades: Sequence[Trade]) -> str:
    rows = [f"{i},{ms},{price!r},{size!r},buy,0" for i, (ms, price, size) in enumerate(trades)]
    return "\n".join([SPOT, *rows]) + "\n"


def futures(trades: Sequence[Trade]) -> str:
    rows = [
        f"{ms / 1000:.4f},X,Buy,{size!r},{price!r},PlusTick,some-id,1e9,1"
        for ms, price, size in trades
    ]
    return "\n".join([FUTURES, *rows]) + "\n"


def test_first_and_last_trade_open_and_close_a_minute(tmp_path: Path) -> None:
    at = [FIRST_MS + offset for offset in (0, 59_999, 59_999, 180_000)]
    found = made(tmp_path, spot([(at[0], 10, 1), (at[1], 12, 2), (at[2], 9, 0.5), (at[3], 7, 1)]))

    assert found == [
        {
            "open_time": FIRST_MS,
            "close_time": FIRST_MS + 60_000,
            "open": 10.0,
            "high": 12.0,
            "low": 9.0,
            "close": 9.0,
            "volume": 3.5,
            "count": 3,
            "quote_volume": 38.5,
        },
        {
            "open_time": FIRST_MS + 180_000,
            "close_time": FIRST_MS + 240_000,
            "open": 7.0,
            "high": 7.0,
            "low": 7.0,
            "close": 7.0,
            "volume": 1.0,
            "count": 1,
            "quote_volume": 7.0,
        },
    ]


@pytest.mark.parametrize("write", [spot, futures])
@pytest.mark.parametrize("is_descending", [False, True])
def test_blocks_and_their_order_change_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Sequence[Trade]], str],
    is_descending: bool,
) -> None:
    monkeypatch.setattr(module, "_BLOCK_BYTES", 4_096)
    rng = np.random.default_rng(3)
    moments = FIRST_MS + np.sort(rng.integers(0, 40 * 60_000, 3_000))
    prices, sizes = rng.integers(1, 99, 3_000) / 4, rng.integers(1, 99, 3_000) / 8
    trades = [
        (int(ms), float(price), float(size))
        for ms, price, size in zip(moments, prices, sizes, strict=True)
    ]

    found = made(tmp_path, write(trades[::-1] if is_descending else trades))

    expected = sorted({ms // 60_000 * 60_000 for ms, _, _ in trades})
    assert [minute["open_time"] for minute in found] == expected
    for minute in found:
        inside = [t for t in trades if t[0] // 60_000 * 60_000 == minute["open_time"]]
        assert (minute["open"], minute["close"]) == (inside[0][1], inside[-1][1])
        assert minute["high"] == max(t[1] for t in inside)
        assert minute["low"] == min(t[1] for t in inside)
        assert minute["volume"] == sum(t[2] for t in inside)
        assert minute["quote_volume"] == sum(t[1] * t[2] for t in inside)
        assert minute["count"] == len(inside)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b,c\n1,2,3\n", "these are no trades; the columns are a, b, c"),
        ("", "these are no trades"),
        (f"{SPOT}\n1,{FIRST_MS},10,1,buy,0\n2,{FIRST_MS},nan,1,buy,0\n", "trade 2 has no"),
        (f"{SPOT}\n1,{FIRST_MS},10,1,buy,0\n2,{FIRST_MS},-1,1,buy,0\n", "trade 2 has no"),
        (f"{SPOT}\n1,{FIRST_MS},ten,1,buy,0\n", "ten"),
    ],
)
def test_what_is_no_trades_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BrokenFile, match=sentence):
        made(tmp_path, text)

    assert not list(tmp_path.glob("minutes*"))


def test_a_cut_file_makes_no_minutes(tmp_path: Path) -> None:
    whole = gzipped(spot([(FIRST_MS + i * 100, 10.0 + i % 7, 1.0) for i in range(5_000)]))
    source = tmp_path / "trades.csv.gz"
    source.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(BrokenFile):
        write_minutes_of_trades(source, tmp_path / "minutes.parquet")

    assert not list(tmp_path.glob("minutes*"))
