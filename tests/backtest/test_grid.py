"""Numbering: every variant has one number, every number one variant."""

from itertools import product

from backtest.grid import Grid, IndicatorAxes
from backtest.indicators.catalog import INDICATORS
from backtest.result import Risk

GRID = Grid(
    indicators=(
        IndicatorAxes(
            indicator=INDICATORS["ma.sma"],
            axes=(("source", ("close", "open")), ("window", (5, 10, 20))),
            signal_axes=(),
        ),
        IndicatorAxes(
            indicator=INDICATORS["momentum.rsi"],
            axes=(("source", ("close",)), ("window", (7, 14))),
            signal_axes=(("long_threshold", (30, 35)), ("short_threshold", (70, 65, 60))),
        ),
    ),
    sl_pct=(2.0, 1.0),
    tp_pct=(3.0, 4.0, 5.0),
)


def shown(base_index: int) -> tuple[object, ...]:
    point = GRID.point(base_index)
    chosen = [(s.source, *s.params.values()) for s in GRID.selections(point)]
    rules = [tuple(params.values()) for params in GRID.signals(point).values()]
    return (*chosen, *rules)


def test_signal_axes_vary_faster_than_compute_axes_and_the_last_axis_fastest() -> None:
    wanted = [
        (sma, rsi, rule)
        for sma in product(("close", "open"), (5, 10, 20))
        for rsi in product(("close",), (7, 14))
        for rule in product((30, 35), (70, 65, 60))
    ]

    assert GRID.n_base == 72
    assert [shown(index) for index in range(GRID.n_base)] == wanted


def test_an_indicator_without_rule_parameters_has_no_signals_entry() -> None:
    assert list(GRID.signals(GRID.point(0))) == ["momentum.rsi"]


def test_stop_loss_is_slow_and_take_profit_fast() -> None:
    cells = [GRID.risk(index) for index in range(GRID.n_risk)]

    assert [(cell.sl_pct, cell.tp_pct) for cell in cells] == list(
        product((2.0, 1.0), (3.0, 4.0, 5.0))
    )


def test_a_disabled_kind_of_risk_has_one_cell_without_a_percent() -> None:
    grid = Grid(indicators=GRID.indicators, sl_pct=None, tp_pct=(3.0,))

    assert grid.n_risk == 1
    assert grid.risk(0) == Risk(sl_enabled=False, sl_pct=None, tp_enabled=True, tp_pct=3.0)
