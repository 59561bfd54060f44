"""What a run does not reach when nobody asks for evidence, a map, a receipt or touched stops."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest

from backtest import answer_parts
from backtest.control import Control
from backtest.engine import ranked
from backtest.engine.pipeline import recorder, stages
from backtest.policy import Want
from backtest.types import AnswerPart
from tests.backtesters import USER, backtester_over
from tests.property.scene import CANDLES, request, template

# Whatever makes a ledger, a statistic, a map or a receipt goes through one of these.
LEADS_THERE: tuple[tuple[Any, str], ...] = (
    (stages, "Recorder"),
    (recorder, "marks_of"),
    (recorder, "grow_by_walk"),
    (recorder, "grow_planes"),
    (recorder, "grow_row"),
    (ranked, "near_returns"),
    (answer_parts, "weigh"),
    (answer_parts, "Landscape"),
    (answer_parts, "neighbourhoods"),
    (answer_parts, "make_receipt"),
)


def run(parts: frozenset[AnswerPart]) -> None:
    with backtester_over(CANDLES) as backtester:
        asked, want = request(template()), Want(parts=parts)
        backtester.run(asked, user_id=USER, control=Control(), want=want)


def test_a_run_that_does_not_ask_reaches_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []

    def watched(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            reached.append(name)
            return original(*args, **kwargs)

        return call

    for module, name in LEADS_THERE:
        monkeypatch.setattr(module, name, watched(name, getattr(module, name)))

    run(frozenset())
    assert reached == []

    run(frozenset(AnswerPart))
    assert set(reached) == {name for _, name in LEADS_THERE}
