"""The same request here, over both faces of a service, awaited, and from the command line."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import roehub
from roehub.remote import Face
from tests.roehub.conftest import GRID, Places


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
    environ = os.environ | {"ROEHUB_ENV": "test", "ROEHUB_DATA_DIR": str(places.store)}
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
