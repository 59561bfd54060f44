"""Everything a run can answer, asked over GraphQL and told as REST tells it."""

from typing import Any

from strawberry.utils.str_converters import to_snake_case

from tests.faces import ANSWER_FIELDS, GraphqlFace, Request, to_graphql, to_rest_words

REPORT_FIELDS = """
rows { metric value } tableMd metrics { metric value }
standard { sharpe sortino calmar cagrPct annualVolatilityPct profitFactor payoff longestLosingRun
  exposurePct maxDrawdownPct reasons { name reason } }
trades { tradeId direction entryBarIndex exitBarIndex entryTs exitTs entryFillPrice exitFillPrice
  qtyBase entryQuoteAmount exitQuoteAmount entryFeeQuote exitFeeQuote grossPnlQuote netPnlQuote
  lockedProfitQuote exitReason }
"""
PAYLOAD_FIELDS = """
indicatorSelections { indicatorId inputs { name value } params { name value } }
signals { indicatorId params { name value } }
execution { initCashQuote fixedQuote safeProfitPercent feePct slippagePct }
risk { slEnabled slPct tpEnabled tpPct } directionMode sizingMode
"""
BASIS_FIELDS = """
data { firstCandle lastCandle candleSeconds candlesExpected candlesPresent candlesMissing
  barsFilled longestGap { start end candles } }
notes { code message }
"""
WHOLE = f"""
mutation ($input: RunBacktestInput!) {{ runBacktest(input: $input) {{
  schemaVersion {ANSWER_FIELDS} {BASIS_FIELDS} variants {{
    report {{ {REPORT_FIELDS} }} payload {{ {PAYLOAD_FIELDS} }} }} }} }}
"""


def whole_answer(face: GraphqlFace, request: Request) -> dict[str, Any]:
    """The GraphQL answer to a request, reports and trades included, as REST would write it."""
    answer = face.ask(WHOLE, {"input": to_graphql(request)}).json()
    assert "errors" not in answer, answer["errors"]
    told: dict[str, Any] = to_rest_words(answer["data"]["runBacktest"])
    for variant in told["variants"]:
        _mend_payload(variant["payload"])
        if variant["report"] is not None:
            mend_report(variant["report"])
    return told


def mend_report(report: dict[str, Any]) -> None:
    """Turn lists that stand for maps into maps, names of enums into their values."""
    report["metrics"] = {item["metric"]: item["value"] for item in report["metrics"]}
    reasons = report["standard"]["reasons"]
    report["standard"]["reasons"] = {item["name"]: item["reason"] for item in reasons}
    for trade in report["trades"] or ():
        for field in ("direction", "exit_reason"):
            trade[field] = trade[field].lower()


def report_as_rest(report: dict[str, Any]) -> dict[str, Any]:
    """A GraphQL report with the keys and words of REST."""
    told = {to_snake_case(name): value for name, value in report.items()}
    told["standard"] = to_rest_words(told["standard"])
    told["trades"] = [
        {to_snake_case(name): value for name, value in trade.items()}
        for trade in told["trades"] or ()
    ]
    mend_report(told)
    return told


def _mend_payload(payload: dict[str, Any]) -> None:
    for selection in payload["indicator_selections"]:
        for member in ("inputs", "params"):
            selection[member] = _to_map(selection[member])
    payload["signals"] = {
        entry["indicator_id"]: _to_map(entry["params"]) for entry in payload["signals"]
    }


def _to_map(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {entry["name"]: entry["value"] for entry in entries}
