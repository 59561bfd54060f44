"""The landscape of a grid with stops: over both faces the same, and what it says of that grid."""

import statistics
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.grids import GRID, candles
from tests.e2e.world import Faces, opened_over
from tests.faces import to_graphql, to_rest_words

SHOWN = """
axes { name kind share values { value nVariants bestPct medianPct meanPct profitableShare } }
interactions robustOrder
neighbourhoods { place nNeighbours medianPct worstPct kept shape edges }
"""
SURFACE = 'surface(x: "sl_pct", y: "tp_pct") { x y xValues yValues statistic withStops cells }'
RUN = "mutation ($i: RunBacktestInput!) { runBacktest(input: $i) { landscape { %s } } }"
ASKED = GRID | {"include": ["landscape"]}


@pytest.fixture(scope="module")
def both() -> Iterator[Faces]:
    with opened_over(candles()) as faces:
        yield faces


@pytest.fixture(scope="module")
def told(both: Faces) -> dict[str, Any]:
    return both[0].run(ASKED)["landscape"]


def over_graphql(both: Faces, selection: str, request: dict[str, Any]) -> dict[str, Any]:
    answer = both[1].ask(RUN % selection, {"i": to_graphql(request)}).json()
    assert "errors" not in answer, answer
    return to_rest_words(answer["data"]["runBacktest"]["landscape"])


def test_both_faces_tell_the_same_landscape(both: Faces, told: dict[str, Any]) -> None:
    selected = over_graphql(both, SHOWN, GRID)

    for axis in selected["axes"]:
        axis["kind"] = axis["kind"].lower()
    for near in selected["neighbourhoods"]:
        near["shape"] = near["shape"] and near["shape"].lower()
    assert selected == told


def test_base_axes_count_variants_without_stops_and_risk_axes_cells(told: dict[str, Any]) -> None:
    counted = {
        axis["name"]: (axis["kind"], [value["n_variants"] for value in axis["values"]])
        for axis in told["axes"]
    }

    n_base, n_cells = 24, 20 * 6
    assert counted["ma.sma.window"] == ("indicator", [n_base // 3] * 3)
    assert counted["signals.momentum.rsi.long_threshold"] == ("signal", [n_base // 2] * 2)
    assert counted["sl_pct"] == ("risk", [n_cells // 3] * 3)
    assert counted["tp_pct"] == ("risk", [n_cells // 2] * 2)


def test_the_winner_is_the_best_of_its_values_and_of_the_surface(
    both: Faces, told: dict[str, Any]
) -> None:
    variants = both[0].run(ASKED)["variants"]
    best = variants[0]["total_return_pct"]
    risk = variants[0]["payload"]["risk"]
    drawn = over_graphql(both, SURFACE, GRID)["surface"]

    # growth is kept in whole millionths of 64 blocks
    near = pytest.approx(best, abs=0.01)
    for axis in told["axes"]:
        if axis["kind"] == "risk":
            at = {value["value"]: value["best_pct"] for value in axis["values"]}
            assert at[risk[axis["name"]]] == near
    assert (drawn["x"], drawn["y"], drawn["statistic"]) == ("sl_pct", "tp_pct", "BEST")
    assert drawn["with_stops"] is True
    cells = {
        (x, y): cell
        for x, row in zip(drawn["x_values"], drawn["cells"], strict=True)
        for y, cell in zip(drawn["y_values"], row, strict=True)
    }
    assert cells[risk["sl_pct"], risk["tp_pct"]] == max(cells.values()) == near
    assert len(cells) == 6


def test_neighbours_have_the_same_stops_whether_stage_b_tried_them_or_not(
    both: Faces, told: dict[str, Any]
) -> None:
    """A run that tries the whole plane on every variant and returns all of them knows each."""
    some = both[0].run(ASKED)["variants"]
    whole = both[0].run(GRID | {"preselect": 24, "top_k": 144, "top_trades_n": 1})
    returns = {place_of(one): one["total_return_pct"] for one in whole["variants"]}
    tried = {place_of(one)[:3] for one in some}
    orders = [
        sorted({place[axis] for place in returns}) for axis in range(len(next(iter(returns))))
    ]

    n_untried = 0
    for variant, near in zip(some, told["neighbourhoods"], strict=True):
        own = place_of(variant)
        places = list(neighbours(own, orders))
        n_untried += sum(place[:3] not in tried for place in places)
        around = [returns[place] for place in places]
        assert near["n_neighbours"] == len(around)
        assert near["median_pct"] == pytest.approx(statistics.median(around), abs=0.01)
        assert near["worst_pct"] == pytest.approx(min(around), abs=0.01)
    assert n_untried > 0


def place_of(variant: dict[str, Any]) -> tuple[Any, ...]:
    """Values of a variant on the axes of numbers that have more than one."""
    payload = variant["payload"]
    chosen = {one["indicator_id"]: one["params"] for one in payload["indicator_selections"]}
    levels = payload["signals"]["momentum.rsi"]
    return (
        chosen["ma.sma"]["window"], chosen["momentum.rsi"]["window"], levels["long_threshold"],
        payload["risk"]["sl_pct"], payload["risk"]["tp_pct"],
        *(one["inputs"]["source"] for one in payload["indicator_selections"]),
    )  # fmt: skip


def neighbours(
    own: tuple[Any, ...], orders: list[list[Any]], n_numbers: int = 5
) -> Iterator[tuple[Any, ...]]:
    for axis, order in enumerate(orders[:n_numbers]):
        rank = order.index(own[axis])
        for side in (rank - 1, rank + 1):
            if 0 <= side < len(order):
                yield (*own[:axis], order[side], *own[axis + 1 :])


def test_every_returned_variant_has_a_place_in_the_robust_order(told: dict[str, Any]) -> None:
    assert [near["place"] for near in told["neighbourhoods"]] == list(range(12))
    assert sorted(told["robust_order"]) == list(range(12))


def test_with_fewer_bars_than_blocks_there_is_no_landscape_and_a_note_says_so(both: Faces) -> None:
    short = {"start": "1970-01-01T01:00:00Z", "end": "1970-01-01T01:50:00Z"}

    answer = both[0].run(ASKED | {"time_range": short})

    notes = {note["code"]: note["message"] for note in answer["notes"]}
    assert "landscape" not in answer
    assert notes["no_landscape"].startswith("The range has 50 bars, and a map of the grid needs")
    unasked = both[0].run(GRID | {"time_range": short})["notes"]
    assert "no_landscape" not in {note["code"] for note in unasked}


def test_small_maps_over_a_third_axis_make_up_the_large_one(both: Faces) -> None:
    over = 'x: "sl_pct", y: "tp_pct"'
    by = f'surfaces(by: "ma.sma.window", {over}) {{ value surface {{ cells }} }}'
    drawn = over_graphql(both, f"surface({over}) {{ cells }} {by}", GRID)

    small = [one["surface"]["cells"] for one in drawn["surfaces"]]
    assert len(small) == 3
    for i, row in enumerate(drawn["surface"]["cells"]):
        for j, cell in enumerate(row):
            own = [cells[i][j] for cells in small if cells[i][j] is not None]
            assert cell == max(own)
