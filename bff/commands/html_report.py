"""A run as one HTML file that opens without a server: what `run --html` writes.

The page comes from the build of the console; here it is filled with the answer of POST /backtests,
and with the equity and the prices of the best variant.
See: docs/console.md#a-report-in-one-file
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backtest.control import Control
from backtest.enums import Timeframe
from backtest.request import RunRequest
from bff.console import report_page
from resolvers import market
from resolvers.service import BacktestService
from schema.market import BarsQuestion
from schema.response import BacktestResponse, to_json
from schema.scalars import to_time_text

MAX_POINTS = 1_000
MAX_VARIANTS = 50
PLACE = "{{report}}"


class NoReportPage(Exception):
    """The console was not built, and so there is no page to fill."""

    def __init__(self) -> None:
        super().__init__("the console is not built here; in a checkout, `make console` builds it")


def write_report(
    path: Path,
    service: BacktestService,
    request: RunRequest,
    response: BacktestResponse,
    seconds: float,
) -> None:
    """Fill the page and write it.

    Args:
        path: The file.
        service: Draws what the answer does not hold.
        request: What was run.
        response: Its answer, with the trades of the best variant.
        seconds: How long it took.

    Raises:
        NoReportPage: The console was not built.
        OSError: The file cannot be written.
        CandlesUnavailable: The candle store cannot be reached.

    See: docs/console.md#a-report-in-one-file
    """
    page = report_page()
    if page is None:
        raise NoReportPage
    report = {
        "answer": _answer(response),
        "range": {"start": _time(request.time_range.start_ms), "end": _end(request)},
        "seconds": seconds,
        "curve": _curve(response),
        "months": _months(response),
        **_signals(response),
        "bars": _bars(service, request, response),
    }
    # Nothing of it can end the script that it stands in.
    text = json.dumps(report, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    path.write_text(page.replace(PLACE, text, 1), encoding="utf-8")


def _answer(response: BacktestResponse) -> dict[str, Any]:
    """The answer without what the page does not show: Markdown, trades of all but the best."""
    answer: dict[str, Any] = json.loads(to_json(response))
    answer["variants"] = answer["variants"][:MAX_VARIANTS]
    for place, variant in enumerate(answer["variants"]):
        report = variant["report"]
        if report is not None:
            del report["table_md"]
            report["trades"] = report["trades"] if place == 0 else None
    return answer


def _curve(response: BacktestResponse) -> list[dict[str, Any]]:
    report = response.variants[0].report if response.variants else None
    return [] if report is None else [asdict(point) for point in report.equity_curve(MAX_POINTS)]


def _months(response: BacktestResponse) -> list[dict[str, Any]]:
    report = response.variants[0].report if response.variants else None
    return [] if report is None else [asdict(month) for month in report.returns_by_month()]


def _signals(response: BacktestResponse) -> dict[str, list[dict[str, Any]]]:
    """What the indicators of the best variant say, together and each by itself."""
    report = response.variants[0].report if response.variants else None
    if report is None:
        return {"signal": [], "indicator_signals": []}
    return {
        "signal": [asdict(one) for one in report.signal(MAX_POINTS)],
        "indicator_signals": [asdict(one) for one in report.indicator_signals(MAX_POINTS)],
    }


def _bars(
    service: BacktestService, request: RunRequest, response: BacktestResponse
) -> dict[str, Any]:
    """Prices to draw, of a longer timeframe where the run has more bars than may be asked for."""
    own = Timeframe(response.timeframe)
    span_ms = request.time_range.end_ms - request.time_range.start_ms
    drawn = next(
        longer
        for longer in Timeframe
        if longer.ms >= own.ms and span_ms // longer.ms + 2 <= market.MAX_BARS
    )
    question = BarsQuestion.model_validate(
        {
            "instrument": response.instrument_id.model_dump(),
            "timeframe": drawn,
            "range": {"start": _time(request.time_range.start_ms), "end": _end(request)},
            "max_points": MAX_POINTS,
        }
    )
    bars = service.market.bars(question, Control())
    return asdict(bars) | {"bars_per_point": bars.bars_per_point * (drawn.ms // own.ms)}


def _end(request: RunRequest) -> str:
    return _time(request.time_range.end_ms)


def _time(moment_ms: int) -> str:
    return to_time_text(moment_ms)
