"""The same request here, over both faces of a service, awaited, and from the command line."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import roehub
from roehub.remote import Face
from tests.bff.served import serving
from tests.roehub.conftest import GRID, SECRET, Places

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


@pytest.mark.parametrize("face", ["rest", "graphql"])
def test_a_service_gives_what_this_process_gives(
    places: Places, result: roehub.Result, face: Face
) -> None:
    with roehub.connect(places.address, places.token, face=face) as service:
        far = service.run(**GRID)

    assert far == result
    assert len(far) == 6


def test_a_run_of_this_process_writes_nothing_into_its_store(places: Places) -> None:
    before = written(places.store)

    roehub.run(store=places.store, **GRID)

    assert written(places.store) == before


def written(folder: Path) -> dict[Path, int]:
    """Files, and when they were last changed."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_what_is_awaited_is_the_same(places: Places, result: roehub.Result) -> None:
    async def ask() -> roehub.Result:
        async with roehub.connect_async(places.address, places.token) as service:
            return await service.run(**GRID)

    assert asyncio.run(ask()) == result


def test_the_command_line_gives_the_same(
    tmp_path: Path, places: Places, result: roehub.Result
) -> None:
    asked, answered = tmp_path / "request.json", tmp_path / "answer.json"
    asked.write_text(json.dumps(result.request), encoding="utf-8")
    environ = os.environ | {"ROEHUB_ENV": "dev", "ROEHUB_DATA_DIR": str(places.store)}
    words = ["run", str(asked), "--out", str(answered)]

    subprocess.run([sys.executable, "-m", "bff", *words], env=environ, check=True)

    assert json.loads(answered.read_bytes()) == result.answer


@pytest.mark.parametrize("face", ["rest", "graphql"])
def test_curves_and_trades_of_a_variant_are_the_same(
    places: Places, result: roehub.Result, face: Face
) -> None:
    with roehub.connect(places.address, places.token, face=face) as service:
        far = service.run(**GRID)

        assert far.equity(1, 50).equals(result.equity(1, 50))
        assert far.trades(5).equals(result.trades(5))


@pytest.mark.parametrize("face", ["rest", "graphql"])
def test_a_refusal_is_the_same(places: Places, face: Face) -> None:
    wrong: dict[str, Any] = GRID | {"top_k": 0}
    with pytest.raises(roehub.Refused) as here:
        roehub.run(store=places.store, **wrong)

    with (
        roehub.connect(places.address, places.token, face=face) as service,
        pytest.raises(roehub.Refused) as there,
    ):
        service.run(**wrong)

    assert here.value.code == there.value.code == "validation_error"
    assert "top_k" in str(here.value)


@pytest.mark.parametrize("face", ["rest", "graphql"])
@pytest.mark.parametrize(
    "grids",
    [
        {"indicator_id": "ma.sma"},
        [
            {
                "indicator_id": "ma.sma",
                "params": {"window": {"mode": "explicit", "values": {"a": 1}}},
            }
        ],
        [{"indicator_id": "ma.sma", "params": {"window": {"mode": 3}}}],
        [{"indicator_id": "ma.sma", "params": ["window"]}],
        7,
    ],
)
def test_a_grid_of_another_shape_is_refused_by_the_service(
    places: Places, face: Face, grids: Any
) -> None:
    body = roehub.request(roehub.request(**GRID), indicator_grids=grids)
    with (
        roehub.connect(places.address, places.token, face=face) as service,
        pytest.raises(roehub.Refused),
    ):
        service.run(body)


@pytest.mark.parametrize("include", [["evidense"], "evidence", 3, [["evidence"]], {"receipt": 1}])
def test_parts_that_do_not_exist_are_refused_alike(places: Places, include: Any) -> None:
    body = {**roehub.request(**GRID), "include": include}
    with pytest.raises(roehub.Refused) as here:
        roehub.run(body, store=places.store)

    for face in ("rest", "graphql"):
        with (
            roehub.connect(places.address, places.token, face=face) as service,
            pytest.raises(roehub.Refused) as far,
        ):
            service.run(body)
        assert (far.value.code, far.value.details) == (here.value.code, here.value.details)


def test_what_cannot_be_drawn_is_refused_alike(places: Places, result: roehub.Result) -> None:
    with roehub.connect(places.address, places.token) as service:
        for asked in (result, service.run(**GRID)):
            with pytest.raises(roehub.Refused):
                asked.surface("no.such.axis", "sl_pct")
            with pytest.raises(roehub.Refused):
                asked.equity(0, n_points=1)
            with pytest.raises(IndexError, match="there is no variant 6; the answer has 6"):
                asked.trades(6)


def test_reports_that_are_withheld_are_there_for_who_asks(
    tmp_path: Path, places: Places, result: roehub.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured = yaml.safe_load((CONFIGS / "dev" / "backtest.yaml").read_text(encoding="utf-8"))
    configured["backtest"]["reporting"] = {"eager_top_reports_enabled": False}
    path = tmp_path / "withheld.yaml"
    path.write_text(yaml.safe_dump(configured), encoding="utf-8")
    variables = {
        "ROEHUB_ENV": "dev", "IDENTITY_JWT_SECRET": SECRET, "ROEHUB_BACKTEST_CONFIG": str(path)
    }  # fmt: skip

    with (
        serving(places.store, "--metrics-port", "0", **variables) as served,
        roehub.connect(served.address, places.token) as service,
    ):
        far = service.run(**GRID)
        assert far.answer["variants"][0]["report"] is None
        assert far.trades(0).equals(result.trades(0))
        assert far.equity(0).equals(result.equity(0))
    monkeypatch.setenv("ROEHUB_BACKTEST_CONFIG", str(path))
    monkeypatch.setenv("ROEHUB_DATA_DIR", str(places.store))
    here = roehub.run(**GRID)
    assert here.answer["variants"][0]["report"] is None
    assert here.trades(0).equals(result.trades(0))
    assert here.equity(0).equals(result.equity(0))


def test_a_service_that_is_none_is_told(places: Places) -> None:
    with (
        roehub.connect(places.address + "/docs", places.token) as service,
        pytest.raises(roehub.Refused),
    ):
        service.run(**GRID)


@pytest.mark.parametrize("face", ["rest", "graphql"])
def test_parts_that_were_asked_for_are_the_same(places: Places, face: Face) -> None:
    asked = {**GRID, "include": ["evidence", "receipt"]}

    with roehub.connect(places.address, places.token, face=face) as service:
        far = service.run(**asked)

    assert far == roehub.run(store=places.store, **asked)
    assert far.evidence is not None


@pytest.mark.parametrize("face", ["rest", "graphql"])
def test_a_map_is_the_same(places: Places, result: roehub.Result, face: Face) -> None:
    axes = ("ma.ema.window", "sl_pct")
    with roehub.connect(places.address, places.token, face=face) as service:
        far = service.run(**GRID).surface(*axes)

    assert far.equals(result.surface(*axes))
    assert far.loc[far.index[0], 3.0] == far.loc[far.index[0]].iloc[1]
    assert result.variants.total_return_pct.iloc[0] == pytest.approx(far.max().max(), abs=1e-3)
