"""The example of docs/definitions.md: two trades whose numbers other tools give differently."""

import re
from pathlib import Path

import numpy as np
import pytest

from backtest.engine.account import account_terms
from backtest.report.metrics import TradeHistory, all_metrics, draw_curve
from backtest.types import DirectionMode, Execution
from tests.oracle.cases import Case
from tests.oracle.engine import Setup
from tests.oracle.kernels import played
from tests.oracle.scoring import settings_for

PAGE = Path(__file__).parents[3] / "docs" / "definitions.md"
CLOSES = [100.0, 110.0, 105.0, 104.0, 110.0, 111.0, 108.0, 112.0, 112.0, 109.0]
SIGNAL = [0, 1, 1, 1, 0, 0, 1, 1, 0, 0]
MINUTE_MS = 60_000


def test_the_example_has_the_numbers_of_the_page() -> None:
    free = Execution(
        init_cash_quote=100.0,
        fixed_quote=100.0,
        safe_profit_percent=0.0,
        fee_pct=0.0,
        slippage_pct=0.0,
    )
    setup = Setup(execution=free, direction=DirectionMode.LONG_ONLY)
    case = Case(close=np.array(CLOSES), signal=np.array(SIGNAL, np.int8), setup=setup)
    history = TradeHistory(
        settings=settings_for(setup, len(CLOSES)),
        terms=account_terms(free, setup.sizing),
        close=case.close,
        ts_close=(np.arange(len(CLOSES)) + 1) * MINUTE_MS,
        log=played(case).log,
    )

    found = all_metrics(history, draw_curve(history))

    told = {
        "bars covered": found["Position Coverage [%]"],
        "average drawdown": found["Avg. Drawdown [%]"],
        "win rate": found["Win Rate [%]"],
        "expectancy": found["Expectancy"],
    }
    rows = dict(re.findall(r"^\| ([a-z ]+) \| ([\d.]+)", PAGE.read_text("utf-8"), re.MULTILINE))
    for name, value in told.items():
        assert value == pytest.approx(float(rows[name]), abs=0.005), name
    assert found["Max. Drawdown Duration"] == int(rows["longest drawdown"]) * MINUTE_MS
    text = " ".join(PAGE.read_text("utf-8").split())
    assert " ".join(f"{close:g}" for close in CLOSES) in text
