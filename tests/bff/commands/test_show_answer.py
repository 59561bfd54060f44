"""How an answer looks on a terminal: what ranked it, the Sharpe of other tools, small money."""

from io import BytesIO, TextIOWrapper
from typing import Any

import pytest
from rich.console import Console

from bff.commands.show_answer import show_curve, show_ranking

PAYLOAD = {
    "indicator_selections": [{"indicator_id": "ma.sma", "params": {"window": 5}}],
    "signals": {},
    "risk": {"sl_enabled": False, "tp_enabled": False},
}
ROWS = {
    "Total Return [%]": "-35.5298",
    "Max. Drawdown [%]": "40",
    "Num. Trades": "2",
    "Win Rate [%]": "50",
    "Sharpe Ratio": "400094827.24951",
}


def answer(metric: str, value: float | None, *, infinite: bool = False) -> dict[str, Any]:
    ranked_by = {"metric": metric, "value": value, "infinite": infinite}
    rows = [{"metric": title, "value": text} for title, text in ROWS.items()]
    variant = {
        "payload": PAYLOAD,
        "ranking": {"primary": ranked_by, "secondary": None},
        "report": {"rows": rows, "standard": {"sharpe": -7.369086801877116}},
    }
    return {"stage_a_variants": 1, "stage_b_variants": 1, "variants": [variant]}


def shown(response: dict[str, Any]) -> str:
    console = Console(width=140)
    with console.capture() as captured:
        show_ranking(console, response)
    return captured.get()


def test_the_table_shows_the_sharpe_of_other_tools() -> None:
    table = shown(answer("total_return_pct", -35.5298))

    assert "-7.36909" in table
    assert "400094827" not in table
    assert table.count("-35.5298") == 1


@pytest.mark.parametrize(
    ("value", "infinite", "text"),
    [(1.234567, False, "1.23457"), (None, True, "infinite"), (None, False, "N/A")],
)
def test_the_table_shows_the_number_that_ranks(
    value: float | None, infinite: bool, text: str
) -> None:
    table = shown(answer("profit_factor", value, infinite=infinite))

    assert "profit factor" in table
    assert text in table


def test_an_empty_list_is_a_table() -> None:
    assert "The best 0 of" in shown({**answer("sharpe", None), "variants": []})


@pytest.mark.parametrize(
    ("equity", "labels"),
    [
        ([9_701.0, 17_948.4], ("9,701", "17,948")),
        ([0.004, 0.00411881], ("0.004", "0.00411881")),
        ([99.5, 120.25], ("99.5", "120.25")),
        ([-20.5, 10_000.0], ("-20", "10,000")),
    ],
)
def test_a_curve_is_labelled_with_digits_that_tell_it(
    equity: list[float], labels: tuple[str, str]
) -> None:
    console = Console(width=100)
    with console.capture() as captured:
        show_curve(console, equity)

    lines = captured.get().splitlines()
    assert (lines[-1].split()[0], lines[1].split()[0]) == labels


def test_a_terminal_without_blocks_shows_the_curve_all_the_same() -> None:
    written = BytesIO()
    terminal = TextIOWrapper(written, encoding="latin-1")

    show_curve(Console(file=terminal, width=140), [1.0, 2.0, 3.0])

    terminal.flush()
    rows = written.getvalue().decode("ascii").splitlines()
    assert rows[1].endswith("  #")
    assert rows[-1].endswith("###")
