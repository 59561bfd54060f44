"""What an editor and a strict checker know of the face, from the wheel alone."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import roehub
from roehub.result import Result
from schema.request import BacktestRequest, Template

ROOT = Path(__file__).resolve().parents[2]
EVENING = """
import pandas as pd
from matplotlib.figure import Figure

import roehub


def search(token: str) -> float:
    result: roehub.Result = roehub.run(
        instrument="binance:spot:BTCUSDT",
        timeframe="1h",
        start="2024-01-01",
        end="2024-07-01",
        indicators={"ma.ema": {"window": range(5, 60, 5)}},
        stop_loss=[2, 4],
        store="data",
    )
    variants: pd.DataFrame = result.variants
    trades: pd.DataFrame = result.trades(0)
    curve: pd.DataFrame = result.equity(0, n_points=500)
    cells: pd.DataFrame = result.surface("ma.ema.window", "sl_pct", "median")
    figures: list[Figure] = [result.plot(), result.plot_equity(1)]
    n_new: int = roehub.candles.put(curve, "binance:spot:X", interval="1h", timezone="UTC")
    candles: pd.DataFrame = roehub.candles.get("binance:spot:BTCUSDT", "2024-01-01")
    with roehub.connect("http://127.0.0.1:8080", token, face="graphql") as service:
        far: roehub.Result = service.run(result.request, top_k=3)
    for note in far.notes:
        print(note["code"], note["message"])
    sizes = [len(frame) for frame in (variants, trades, cells, candles)]
    return sum(sizes) + n_new + len(figures)


async def far(token: str) -> roehub.Result:
    async with roehub.connect_async("http://127.0.0.1:8080", token) as service:
        try:
            return await service.run(top_k=3)
        except roehub.Refused as refused:
            print(refused.code, refused.message, refused.details["errors"])
            raise
"""
WRONG = (
    EVENING
    + """
roehub.connect("http://127.0.0.1:8080", face="soap")
roehub.candles.put(None, "binance:spot:X", time_zone="UTC")
count: str = roehub.run(top_k=3)
"""
)


def judged(folder: Path, text: str) -> list[str]:
    """What pyright says of a user's file, with everything switched on."""
    (folder / "user.py").write_text(text, encoding="utf-8")
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": ["user.py"]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [one["rule"] for one in found if one["severity"] == "error"]


def test_a_strict_user_is_told_of_slips_and_of_nothing_else(tmp_path: Path) -> None:
    assert judged(tmp_path, WRONG) == [
        "reportArgumentType",
        "reportCallIssue",
        "reportAssignmentType",
    ]


def test_the_types_are_in_the_package() -> None:
    assert (ROOT / "roehub" / "py.typed").is_file()


def test_every_member_of_a_request_is_a_word() -> None:
    members = {*BacktestRequest.model_fields, *Template.model_fields} - {"template", "time_range"}

    for name in members:
        assert roehub.request(**{name: ["a"]}) in (
            {name: ["a"]},
            {"template": {name: ["a"]}},
        ), name


def test_variants_have_a_column_for_each_choice_and_metric(result: Result) -> None:
    chosen = result.answer["variants"][0]["payload"]
    metrics = result.answer["variants"][0]["report"]["metrics"]

    n_chosen = sum(
        len(selection["params"]) + len(selection["inputs"])
        for selection in chosen["indicator_selections"]
    ) + sum(map(len, chosen["signals"].values()))
    assert len(result.variants.columns) >= n_chosen + len(metrics) + 2


@pytest.mark.parametrize("client", [roehub.Client, roehub.AsyncClient])
def test_a_service_takes_what_this_process_takes(client: type) -> None:
    here, far = inspect.signature(roehub.run), inspect.signature(client.run)

    words = {name for name in here.parameters if name not in {"store", "user_id", "progress"}}
    assert set(far.parameters) - {"self"} == words
