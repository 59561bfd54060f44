"""The landscape against brute force over every variant of small grids."""

import math
import statistics

import numpy as np
import pytest

from backtest.axes import Scalar
from backtest.engine.blocks.ledger import N_BLOCKS, RUINED, Ledger
from backtest.engine.pipeline.recorder import Recorded
from backtest.enums import NeighbourhoodShape, SurfaceStatistic
from backtest.errors import InvalidRequest
from backtest.evidence import landscape
from backtest.evidence.landscape import Landscape, returns_of
from backtest.evidence.neighbourhood import neighbourhoods, robust_order
from backtest.grid import Grid, IndicatorAxes
from backtest.indicators.catalog import INDICATORS

SMA, RSI = INDICATORS["ma.sma"], INDICATORS["momentum.rsi"]
GRID = Grid(
    indicators=(
        IndicatorAxes(
            indicator=SMA,
            axes=(("window", (8, 3, 5)), ("source", ("close", "open"))),
            signal_axes=(),
        ),
        IndicatorAxes(
            indicator=RSI,
            axes=(("window", (4, 7)), ("source", ("close",))),
            signal_axes=(("long_threshold", (52.0, 55.0, 60.0)), ("short_threshold", (48.0,))),
        ),
    ),
    sl_pct=(2.0, 0.5, 1.0),
    tp_pct=(1.5, 3.0),
)
SHORTLIST = np.array([7, 30, 12, 3])


def recorded(seed: int = 1) -> Recorded:
    random = np.random.default_rng(seed)
    n_cells = GRID.n_risk
    n_rows = GRID.n_base - len(SHORTLIST) + len(SHORTLIST) * n_cells
    growth = random.integers(-9_000, 9_000, (n_rows, N_BLOCKS)).astype(np.int32)
    growth[-2, 50:] = RUINED
    ledger = Ledger(
        growth=growth,
        ruined=(growth == RUINED).any(axis=1),
        holding=growth[0],
        winners=np.array([GRID.n_base - len(SHORTLIST) + n_cells + 3, 5 + GRID.n_base]),
        adds_up=False,
        block_ends=np.arange(N_BLOCKS),
    )
    totals = random.integers(-500_000, 500_000, GRID.n_base)
    return Recorded(
        ledger=ledger, bases=ledger, base_totals=totals, shortlist=SHORTLIST, n_cells=n_cells
    )


def setting(base: int) -> dict[str, Scalar]:
    point = GRID.point(base)
    told: dict[str, Scalar] = {}
    for selection in GRID.selections(point):
        chosen = {**selection.params, "source": selection.source or ""}
        told |= {f"{selection.indicator_id}.{name}": value for name, value in chosen.items()}
    for indicator_id, params in GRID.signals(point).items():
        told |= {f"signals.{indicator_id}.{name}": value for name, value in params.items()}
    return told


def base_variants(found: Recorded) -> list[tuple[dict[str, Scalar], int]]:
    returns = returns_of(found.base_totals, adds_up=False).tolist()
    return [(setting(base), returns[base]) for base in range(GRID.n_base)]


def cells(found: Recorded) -> list[tuple[dict[str, Scalar], int]]:
    told: list[tuple[dict[str, Scalar], int]] = []
    rows = found.ledger.growth[found.n_base_rows :].sum(axis=1, dtype=np.int64)
    for number, value in enumerate(returns_of(rows, adds_up=False).tolist()):
        rank, cell = divmod(number, found.n_cells)
        risk = GRID.risk(cell)
        assert risk.sl_pct is not None
        assert risk.tp_pct is not None
        own = {"sl_pct": risk.sl_pct, "tp_pct": risk.tp_pct}
        told.append((setting(int(SHORTLIST[rank])) | own, value))
    return told


def test_every_value_of_every_axis_is_told_as_brute_force_finds_it() -> None:
    found = recorded()
    landscape = Landscape(GRID, found)

    axes = {story.axis.name: story for story in landscape.axes()}

    assert list(axes) == [
        "ma.sma.window", "ma.sma.source", "momentum.rsi.window",
        "signals.momentum.rsi.long_threshold", "sl_pct", "tp_pct",
    ]  # fmt: skip
    for name, story in axes.items():
        variants = cells(found) if name in {"sl_pct", "tp_pct"} else base_variants(found)
        mean = statistics.fmean(value for _, value in variants)
        total = sum((value - mean) ** 2 for _, value in variants)
        between = 0.0
        for value in story.values:
            own = [one for at, one in variants if at[name] == value.value]
            between += len(own) * (statistics.fmean(own) - mean) ** 2
            assert value.n_variants == len(own)
            assert value.best_pct == round(max(own) / 1e4, 4)
            assert value.median_pct == pytest.approx(statistics.median(own) / 1e4, abs=1e-4)
            assert value.mean_pct == pytest.approx(statistics.fmean(own) / 1e4, abs=1e-4)
            share = sum(v > 0 for v in own) / len(own)
            assert value.profitable_share == pytest.approx(share, abs=1e-6)
        assert story.share == pytest.approx(between / total, abs=1e-6)


def test_main_effects_and_interactions_are_all_of_a_full_grid() -> None:
    landscape = Landscape(GRID, recorded())
    shares = [story.share or 0.0 for story in landscape.axes()[:4]]

    assert landscape.interactions() == pytest.approx(1.0 - sum(shares), abs=1e-5)


@pytest.mark.parametrize("statistic", SurfaceStatistic)
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("ma.sma.window", "signals.momentum.rsi.long_threshold"),
        ("sl_pct", "tp_pct"),
        ("ma.sma.window", "tp_pct"),
    ],
)
def test_surfaces_are_what_brute_force_draws(x: str, y: str, statistic: SurfaceStatistic) -> None:
    found = recorded()
    is_risk = bool({x, y} & {"sl_pct", "tp_pct"})
    variants = cells(found) if is_risk else base_variants(found)
    winner = cells(found)[found.n_cells + 3][0]

    surface = Landscape(GRID, found).surface(x, y, statistic)

    for i, x_value in enumerate(surface.x.values):
        for j, y_value in enumerate(surface.y.values):
            own = [v for at, v in variants if at[x] == x_value and at[y] == y_value]
            if statistic is SurfaceStatistic.SLICE:
                wanted = {name: value for name, value in winner.items() if name not in {x, y}}
                own = [
                    v
                    for at, v in variants
                    if at[x] == x_value
                    and at[y] == y_value
                    and all(at[name] == value for name, value in wanted.items() if name in at)
                ]
            told = surface.cells[i][j]
            if not own:
                assert told is None
                continue
            kinds = {"median": statistics.median, "mean": statistics.fmean}
            summary = kinds.get(statistic.value, max)(own)
            assert told == pytest.approx(summary / 1e4, abs=1e-4)


@pytest.mark.parametrize("statistic", SurfaceStatistic)
@pytest.mark.parametrize("by", ["momentum.rsi.window", "sl_pct"])
def test_surfaces_by_a_third_axis_are_those_of_the_variants_that_have_its_value(
    by: str, statistic: SurfaceStatistic
) -> None:
    found, x, y = recorded(), "ma.sma.window", "signals.momentum.rsi.long_threshold"
    variants = cells(found) if by == "sl_pct" else base_variants(found)
    winner = cells(found)[found.n_cells + 3][0]

    drawn = Landscape(GRID, found).surfaces(by, x, y, statistic)

    assert [value for value, _ in drawn] == list(dict.fromkeys(at[by] for at, _ in variants))
    kinds = {"median": statistics.median, "mean": statistics.fmean}
    for value, surface in drawn:
        for i, x_value in enumerate(surface.x.values):
            for j, y_value in enumerate(surface.y.values):
                wanted = {by: value, x: x_value, y: y_value}
                if statistic is SurfaceStatistic.SLICE:
                    wanted = {**winner, **wanted}
                own = [
                    v
                    for at, v in variants
                    if all(at[name] == told for name, told in wanted.items() if name in at)
                ]
                told = surface.cells[i][j]
                assert (told is None) == (not own)
                if own:
                    summary = kinds.get(statistic.value, max)(own)
                    assert told == pytest.approx(summary / 1e4, abs=1e-4)


@pytest.mark.parametrize("by", ["ma.sma.window", "nothing"])
def test_a_third_axis_that_is_no_third_one_is_refused(by: str) -> None:
    with pytest.raises(InvalidRequest) as told:
        Landscape(GRID, recorded()).surfaces(by, "ma.sma.window", None, SurfaceStatistic.BEST)

    assert (
        "choose the third axis from ma.sma.source, momentum.rsi" in told.value.problems[0].message
    )


def near_returns() -> dict[tuple[int, int], int]:
    """As if every cell of every base variant had been traded through."""
    random = np.random.default_rng(9)
    everyone = [(base, cell) for base in range(GRID.n_base) for cell in range(GRID.n_risk)]
    returns = random.integers(-500_000, 500_000, len(everyone)).tolist()
    return dict(zip(everyone, returns, strict=True))


def test_neighbours_are_the_next_values_in_order_not_as_they_were_listed() -> None:
    found = recorded()
    by_setting = {
        tuple(setting(base).items()): value
        for (base, cell), value in near_returns().items()
        if cell == 3
    }
    own = setting(30)

    first = neighbourhoods(GRID, found, near_returns())[0]

    near = [
        by_setting[tuple((own | {name: value}).items())]
        for name, values in (
            ("ma.sma.window", (3, 5, 8)),
            ("momentum.rsi.window", (4, 7)),
            ("signals.momentum.rsi.long_threshold", (52.0, 55.0, 60.0)),
        )
        for value in values
        if abs(values.index(value) - values.index(own[name])) == 1  # pyright: ignore[reportArgumentType]
    ]
    risk = {tuple(at.items()): value for at, value in cells(found)}
    at = cells(found)[found.n_cells + 3][0]
    for name, values in (("sl_pct", (0.5, 1.0, 2.0)), ("tp_pct", (1.5, 3.0))):
        near += [
            risk[tuple((at | {name: value}).items())]
            for value in values
            if abs(values.index(value) - values.index(float(at[name]))) == 1
        ]
    assert first.n_neighbours == len(near)
    assert first.median_pct == pytest.approx(statistics.median(near) / 1e4, abs=1e-4)
    assert first.worst_pct == pytest.approx(min(near) / 1e4, abs=1e-4)
    at_edge = {name for name in ("ma.sma.window", "sl_pct", "tp_pct") if name in first.edges}
    assert at_edge == {
        name
        for name, inner in (("ma.sma.window", 5), ("sl_pct", 1.0), ("tp_pct", None))
        if at[name] != inner
    }


def test_the_robust_order_is_by_the_median_of_the_neighbours() -> None:
    found = neighbourhoods(GRID, recorded(3), near_returns())

    order = robust_order(found)

    medians = [found[place].median_pct or 0.0 for place in order]
    assert medians == sorted(medians, reverse=True)
    assert {one.shape for one in found} <= {None, *NeighbourhoodShape}


def test_returns_are_made_of_growth_and_ruin_is_all_of_it() -> None:
    growth = np.array([0, 1_000_000, -2_000_000, 12_345, 64 * RUINED])

    told = returns_of(growth, adds_up=False).tolist()

    exact = [round(math.expm1(total / 1e6) * 1e6) for total in growth[:-1].tolist()]
    assert told == [*exact, -1_000_000]
    assert returns_of(growth, adds_up=True).tolist() == [*growth[:-1].tolist(), -1_000_000]


def test_without_names_a_surface_is_over_the_axes_that_explain_most_and_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = Landscape(GRID, recorded())
    ranked = sorted(drawn.axes(), key=lambda story: -(story.share or 0.0))
    first, second = (story.axis.name for story in ranked[:2])
    lengths = {story.axis.name: len(story.axis.values) for story in ranked}
    small = next(name for name, length in lengths.items() if length == 2 and name != first)

    whole = drawn.surface(None, None, SurfaceStatistic.BEST)
    given = drawn.surface(None, first, SurfaceStatistic.BEST)
    monkeypatch.setattr(landscape, "MAX_CELLS", 2 * lengths[first])
    narrow = drawn.surface(first, None, SurfaceStatistic.BEST)

    assert (whole.x.name, whole.y.name) == (first, second)
    assert (given.x.name, given.y.name) == (second, first)
    assert (narrow.x.name, len(narrow.y.values)) == (first, 2)
    assert narrow.y.name == small


@pytest.mark.parametrize(("x", "y"), [("ma.sma.window", "ma.sma.window"), ("nothing", "tp_pct")])
def test_a_surface_over_axes_that_are_not_there_names_those_that_are(x: str, y: str) -> None:
    with pytest.raises(InvalidRequest) as told:
        Landscape(GRID, recorded()).surface(x, y, SurfaceStatistic.BEST)

    assert "two different axes of ma.sma.source, ma.sma.window" in told.value.problems[0].message
