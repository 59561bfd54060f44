"""Every golden run: by one thread, by two, and by all nodes in shards."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from backtest.adapters.candles.connection import ClickHousePool, EmbeddedEngine
from backtest.adapters.candles.table import Minutes, create_table, insert_minutes
from backtest.types import Instrument
from tests.golden_files import GOLDEN
from tests.waiting import wait_for
from trials.cluster.local_nodes import LocalNodes
from trials.cluster.service import served
from trials.faults.asking import FACES

CONFIG = """
version: 1
compute: {{threads: {threads}, running_runs: 6, waiting_runs: 16, shard_run_seconds: 0}}
"""
Answer = tuple[int, bytes]


def golden_runs(folder: Path, nodes: LocalNodes) -> dict[str, int]:
    """The answers of both faces, which must be the same bytes everywhere."""
    data = folder / "golden"
    bodies = [*_stored(data)]
    one = _answers(data, bodies, 1)
    two = _answers(data, bodies, 2)
    shared = _answers(data, bodies, 1, nodes)
    return {
        "golden runs": len(bodies),
        "200 by one thread": sum(status == 200 for status, _ in one),
        "other bytes by two threads": _n_other(one, two),
        "nodes": len(nodes.added),
        "other bytes by the nodes": _n_other(one, shared),
    }


def _n_other(some: list[Answer], others: list[Answer]) -> int:
    return sum(a != b for a, b in zip(some, others, strict=True))


def _stored(data: Path) -> Iterator[dict[str, Any]]:
    """Their requests, each of an instrument of its own with the candles of that run."""
    with closing(ClickHousePool(EmbeddedEngine(directory=data / "candles"))) as pool:
        create_table(pool)
        for number, path in enumerate(sorted((GOLDEN / "runs").glob("*.json"))):
            golden = json.loads(path.read_text(encoding="utf-8"))
            body = golden["request"]
            named = body["template"]["instrument_id"] | {"symbol": f"GOLDEN{number}"}
            body["template"]["instrument_id"] = named
            insert_minutes(
                pool, Instrument(**named), _minutes(golden["candles"]), source="golden",
                ingested_at=1,
            )  # fmt: skip
            yield body


def _minutes(name: str) -> Minutes:
    candles = dict(np.load(GOLDEN / "runs" / name))
    ts_open, volume = candles.pop("ts_open"), candles.pop("volume")
    return Minutes(ts_open=ts_open, columns=candles | {"volume_base": volume})


def _answers(
    data: Path, bodies: list[dict[str, Any]], threads: int, nodes: LocalNodes | None = None
) -> list[Answer]:
    address = None if nodes is None else nodes.address
    with served(data, address, CONFIG.format(threads=threads)) as service:
        if nodes is not None:
            n_nodes = len(nodes.added)
            wait_for(lambda: service.count("node_ready") >= n_nodes)
        return [service.ask(face, body, 0) for body in bodies for face in FACES]
